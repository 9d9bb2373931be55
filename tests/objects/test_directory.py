"""Local folders as object stores."""

import os
from pathlib import Path

import pytest

from opentrail.objects.directory import DirectoryStore
from opentrail.objects.location import BadLocation, open_location
from opentrail.objects.port import NoSuchLocation, ObjectUnreadable, printable_key


def keys(store: DirectoryStore) -> list[str]:
    return [info.key for info in store.list()]


def test_files_are_listed_by_folder_and_name(tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.json", "a.json", "c/d/e.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    store = DirectoryStore(tmp_path)
    assert keys(store) == ["a.json", "b/1.json", "b/2.json", "c/d/e.json"]
    assert store.name == f"file://{tmp_path}"


def test_a_single_file_is_a_store_of_one(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(b"whole file")
    store = DirectoryStore(tmp_path / "one.json")
    (info,) = store.list()
    assert (info.key, info.size, info.fault) == ("one.json", 10, None)
    assert store.open(info.key).read(100) == b"whole file"


def test_loops_of_links_end_and_each_folder_is_entered_once(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.json").write_bytes(b"{}")
    (tmp_path / "logs" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "logs")
    (tmp_path / "self").symlink_to("self")
    found = list(DirectoryStore(tmp_path).list())
    assert [info.key for info in found if info.fault is None] == ["again/x.json"]
    assert [info.key for info in found if info.fault is not None] == ["self"]


def test_pipes_are_named_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    store = DirectoryStore(tmp_path)
    (info,) = store.list()
    assert info.fault == "is not a regular file"
    with pytest.raises(ObjectUnreadable, match="not a regular file"):
        store.open("pipe.json")


def test_a_file_written_anew_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"one")
    (first,) = DirectoryStore(tmp_path).list()
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    (second,) = DirectoryStore(tmp_path).list()
    assert first.fingerprint != second.fingerprint


def test_names_that_are_no_utf8_can_be_listed_opened_and_printed(tmp_path: Path) -> None:
    name = os.fsdecode(b"log-\xff.json")
    (tmp_path / name).write_bytes(b"bytes")
    store = DirectoryStore(tmp_path)
    (info,) = store.list()
    assert store.open(info.key).read(10) == b"bytes"
    assert printable_key(info.key) == "log-\\xff.json"


def test_locations_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSuchLocation, match="no file or folder"):
        open_location(str(tmp_path / "missing"))
    with pytest.raises(BadLocation, match="names no bucket"):
        open_location("s3:///prefix")
    with pytest.raises(BadLocation, match="neither a path nor"):
        open_location("https://bucket/prefix")
