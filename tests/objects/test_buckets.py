"""What every bucket does, on a real S3 and in a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.objects.bucket import (
    OWNER_FULL_CONTROL,
    Bucket,
    Encryption,
    NoSuchBucket,
    NoSuchKey,
    Properties,
)
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3Access
from tests.objects.seaweedfs import KEY, client, seaweedfs

DIGEST = Properties(
    content_type="application/json",
    content_encoding="gzip",
    metadata={"signature": "ab" * 256, "signature-algorithm": "SHA256withRSA"},
    acl=OWNER_FULL_CONTROL,
    encryption=Encryption(),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        client(url).create_bucket(Bucket="trail")
        yield url


def access(url: str) -> S3Access:
    return S3Access(url, "us-east-1", KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture(params=["s3", "folder"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    if request.param == "folder":
        (tmp_path / "trail").mkdir()
        return DirectoryBucket(tmp_path / "trail")
    s3 = S3Bucket("trail", access(request.getfixturevalue("url")))
    for found in list(s3.list()):
        s3.delete(found.key)
    return s3


def test_an_object_comes_back_with_its_bytes_and_metadata(bucket: Bucket) -> None:
    key = "audit/AWSLogs/digest.json.gz"
    bucket.put(key, b"stored bytes", DIGEST)
    opened = bucket.get(key)
    assert (opened.read(6), opened.read(100), opened.read(1)) == (b"stored", b" bytes", b"")
    opened.close()
    assert opened.stored == bucket.head(key)
    assert opened.stored.metadata == DIGEST.metadata
    assert (opened.stored.content_type, opened.stored.content_encoding) == ("application/json", "gzip")
    assert opened.stored.size == 12
    assert bucket.name == "trail"


def test_a_second_put_replaces_bytes_and_metadata(bucket: Bucket) -> None:
    bucket.put("a/b", b"first", DIGEST)
    bucket.put("a/b", b"", Properties())
    opened = bucket.get("a/b")
    assert opened.read(10) == b""
    opened.close()
    assert opened.stored.metadata == {}
    assert opened.stored.content_encoding is None


def test_listings_are_in_byte_order_of_keys_and_begin_where_asked(bucket: Bucket) -> None:
    keys = ["a/0", "a/b/c", "a/b/d", "a0", "b/x", "c", "é/ü"]
    for key in reversed(keys):
        bucket.put(key, key.encode(), Properties())
    assert [found.key for found in bucket.list()] == keys
    assert [found.key for found in bucket.list("a/")] == ["a/0", "a/b/c", "a/b/d"]
    assert [found.key for found in bucket.list("a/b")] == ["a/b/c", "a/b/d"]
    for after in ("", "a/b/b", "a/b/c", "a/c", "zz"):
        assert [found.key for found in bucket.list("", after)] == [key for key in keys if key.encode() > after.encode()]
    assert [found.key for found in bucket.list("a/", "a/b/c")] == ["a/b/d"]
    assert {found.key: found.size for found in bucket.list("é")} == {"é/ü": 5}


def test_folders_are_the_next_parts_of_the_keys(bucket: Bucket) -> None:
    for key in ("p/AWSLogs/1/x", "p/AWSLogs/2/x/y", "p/AWSLogs/file", "p/other"):
        bucket.put(key, b"", Properties())
    assert "p/" in list(bucket.folders())
    assert list(bucket.folders("p/")) == ["p/AWSLogs/"]
    assert list(bucket.folders("p/AWSLogs/")) == ["p/AWSLogs/1/", "p/AWSLogs/2/"]
    assert list(bucket.folders("absent/")) == []


def test_what_is_not_there_is_said_so(bucket: Bucket) -> None:
    assert bucket.head("absent") is None
    with pytest.raises(NoSuchKey) as caught:
        bucket.get("absent/too")
    assert caught.value.s3_code == "NoSuchKey"
    bucket.delete("absent")
    bucket.put("there", b"", Properties())
    bucket.delete("there")
    assert bucket.head("there") is None
    bucket.ask_acl()


def test_a_missing_bucket_is_told_apart(url: str, tmp_path: Path) -> None:
    for absent in (DirectoryBucket(tmp_path / "absent"), S3Bucket("absent", access(url))):
        for asked in (lambda: list(absent.list()), lambda: list(absent.folders()), absent.ask_acl):  # noqa: B023
            with pytest.raises(NoSuchBucket) as caught:
                asked()
            assert caught.value.s3_code == "NoSuchBucket"
    with pytest.raises(NoSuchBucket):
        DirectoryBucket(tmp_path / "absent").put("key", b"", Properties())
