"""Buckets as object stores, on a real S3."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from opentrail import limits
from opentrail.objects.fetching import fetched
from opentrail.objects.location import open_location
from opentrail.objects.port import NoSuchLocation, ObjectUnreadable, StoreUnavailable
from opentrail.server.ports.listening import free_ports
from tests.objects.seaweedfs import KEY, client, seaweedfs

LOG = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/111122223333_CloudTrail_eu-west-1_20260304T1020Z_{}.json.gz"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@pytest.fixture(scope="module")
def s3(url: str) -> Any:
    s3 = client(url)
    s3.create_bucket(Bucket="trail")
    for number in range(30):
        s3.put_object(Bucket="trail", Key=LOG.format(f"{number:016}"), Body=b"%d" % number, ContentEncoding="gzip")
    s3.put_object(Bucket="trail", Key="AWSLogs2/other.json", Body=b"other")
    s3.put_object(Bucket="trail", Key="odd/sp ace+plus%41\u00e9.json", Body=b"odd")
    return s3


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)


def test_a_prefix_is_a_folder_whose_objects_come_in_order_as_stored(url: str, s3: Any) -> None:
    store = open_location("s3://trail/AWSLogs", url)
    read = []
    for info, reader in fetched(store, store.list()):
        assert not isinstance(reader, ObjectUnreadable)
        read.append((info.key, info.size, reader.read(100)))
        reader.close()
    assert read == [(LOG.format(f"{number:016}"), len(str(number)), b"%d" % number) for number in range(30)]


def test_a_key_is_one_object(url: str, s3: Any) -> None:
    key = LOG.format(f"{7:016}")
    assert [info.key for info in open_location(f"s3://trail/{key}", url).list()] == [key]


def test_a_bucket_is_everything_in_it_and_odd_keys_are_read(url: str, s3: Any) -> None:
    store = open_location("s3://trail", url)
    infos = list(store.list())
    assert len(infos) == 32
    odd = infos[-1]
    assert odd.key == "odd/sp ace+plus%41\u00e9.json"
    assert store.open(odd.key).read(10) == b"odd"


def test_an_object_written_anew_has_another_fingerprint(url: str, s3: Any) -> None:
    store = open_location("s3://trail/anew.json", url)
    s3.put_object(Bucket="trail", Key="anew.json", Body=b"one")
    first = next(store.list())
    s3.put_object(Bucket="trail", Key="anew.json", Body=b"two")
    second = next(store.list())
    s3.delete_object(Bucket="trail", Key="anew.json")
    assert first.fingerprint != second.fingerprint


def test_an_object_gone_meanwhile_is_the_fault_of_that_object_alone(url: str, s3: Any) -> None:
    store = open_location("s3://trail/AWSLogs", url)
    (info,) = itertools.islice(store.list(), 1)
    missing = type(info)("gone", 1, "")
    (first, second) = [reader for _, reader in fetched(store, [missing, info])]
    assert isinstance(first, ObjectUnreadable)
    assert not isinstance(second, ObjectUnreadable)
    assert second.read(10) == b"0"


def test_objects_larger_than_their_listing_are_read_whole(url: str, s3: Any) -> None:
    body = b"x" * (limits.IMPORT_PREFETCH_BYTES + 10)
    s3.put_object(Bucket="trail", Key="zz/grown", Body=body)
    store = open_location("s3://trail/zz/", url)
    (info,) = store.list()
    ((_, reader),) = fetched(store, [type(info)(info.key, 1, "")])
    assert not isinstance(reader, ObjectUnreadable)
    data = b""
    while block := reader.read(1 << 20):
        data += block
    reader.close()
    s3.delete_object(Bucket="trail", Key="zz/grown")
    assert data == body


def test_no_bucket_no_endpoint_and_wrong_keys_are_told_apart(
    url: str, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSuchLocation, match="no bucket absent"):
        list(open_location("s3://absent", url).list())
    with pytest.raises(StoreUnavailable, match="cannot be listed"):
        list(open_location("s3://trail", f"http://127.0.0.1:{free_ports(1)[0]}").list())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreUnavailable, match="SignatureDoesNotMatch"):
        list(open_location("s3://trail", url).list())
