"""A folder as a bucket: sidecars, crashes, and what may stand in a folder beside objects."""

import json
import os
from pathlib import Path

import pytest

from opentrail.objects.bucket import AccessDenied, BucketFault, NoSuchKey, Properties
from opentrail.objects.directory import DirectoryStore
from opentrail.objects.directory_bucket import DirectoryBucket


def keys(bucket: DirectoryBucket) -> list[str]:
    return [found.key for found in bucket.list()]


def test_metadata_lies_in_a_sidecar_that_no_listing_shows(tmp_path: Path) -> None:
    bucket = DirectoryBucket(tmp_path)
    bucket.put("logs/a.json.gz", b"x", Properties("application/json", "gzip", {"signature": "ab"}))
    assert json.loads((tmp_path / "logs" / ".a.json.gz.properties").read_bytes()) == {
        "contentType": "application/json",
        "contentEncoding": "gzip",
        "metadata": {"signature": "ab"},
    }
    assert keys(bucket) == ["logs/a.json.gz"]
    assert [info.key for info in DirectoryStore(tmp_path).list()] == ["logs/a.json.gz"]
    with pytest.raises(NoSuchKey):
        bucket.get("logs/.a.json.gz.properties")


def test_a_file_that_came_without_a_sidecar_or_with_a_torn_one_has_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / ".a.properties").write_bytes(b'{"metadata":{"signature":')
    found = DirectoryBucket(tmp_path).head("a")
    assert found is not None
    assert (found.metadata, found.size, found.content_type) == ({}, 5, None)


def test_a_folder_comes_where_its_keys_come(tmp_path: Path) -> None:
    """Of the characters that sort before a slash; SeaweedFS, for one, lists a folder by its bare name."""
    bucket = DirectoryBucket(tmp_path)
    written = ["a!b", "a-b", "a.b", "a/b", "a/b0", "a0"]
    for key in reversed(written):
        bucket.put(key, b"", Properties())
    assert keys(bucket) == written
    for after in ("a.", "a/", "a/b", "a/b/x", "a0"):
        assert [found.key for found in bucket.list("a", after)] == [key for key in written if key > after]


def test_what_a_crash_left_is_no_object(tmp_path: Path) -> None:
    (tmp_path / ".a.0123456789abcdef.writing").write_bytes(b"half")
    (tmp_path / ".b.properties").write_bytes(b"{}")
    assert keys(DirectoryBucket(tmp_path)) == []
    assert DirectoryBucket(tmp_path).head("b") is None


def test_a_put_that_fails_leaves_the_old_object_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = DirectoryBucket(tmp_path)
    bucket.put("a", b"old", Properties())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BucketFault, match="No space left") as caught:
        bucket.put("a", b"new", Properties())
    monkeypatch.undo()
    assert caught.value.s3_code == "InternalError"
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.properties", "a"]


@pytest.mark.parametrize("key", ["../out", "a/../../out", "/etc/passwd", "a//b", ".", "", "a/", "nul\0", "./a"])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    (tmp_path / "in").mkdir()
    bucket = DirectoryBucket(tmp_path / "in")
    with pytest.raises(NoSuchKey):
        bucket.put(key, b"x", Properties())
    assert bucket.head(key) is None
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_links_that_lead_up_end_and_pipes_are_no_objects(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    os.mkfifo(tmp_path / "pipe")
    bucket = DirectoryBucket(tmp_path)
    assert keys(bucket) == ["a/x"]
    assert bucket.head("pipe") is None


def test_a_folder_that_may_not_be_written_denies_access(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    bucket = DirectoryBucket(tmp_path)
    with pytest.raises(AccessDenied):
        bucket.ask_acl()
    with pytest.raises(AccessDenied):
        bucket.put("a", b"", Properties())
