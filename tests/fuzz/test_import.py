"""Hostile log files: whatever the bytes, an import ends, its counts add up, and good neighbours come in."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from tests.history.import_room import Room, record

SEED = 20260304
FILES = 10_000
FILES_AT_ONCE = 250


def flip(chance: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        out[chance.randrange(len(out))] = chance.randrange(256)
    return bytes(out)


def cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def splice(chance: random.Random, data: bytes) -> bytes:
    tokens = (
        b'{"Records":[',
        b"]}",
        b"[",
        b"}",
        b'"',
        b"\\",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"null",
        b"1e999",
    )
    tokens += (b'"eventTime":[]', b'"eventID":{}', b'"eventID":"\\ud800"', b"NaN", b",,", b"\x1f\x8b\x08")
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) + 1)
        out[at:at] = chance.choice(tokens) * chance.randint(1, 3)
    return bytes(out)


def deepen(chance: random.Random, data: bytes) -> bytes:
    levels = chance.choice((90, 101, 300, 5_000, 100_000))
    nested = chance.choice((b"[" * levels + b"]" * levels, b'{"a":' * levels + b"1" + b"}" * levels, b"[" * levels))
    at = data.find(b'"eventSource"')
    return data[:at] + b'"x":' + nested + b"," + data[at:]


def repeat(chance: random.Random, data: bytes) -> bytes:
    return data * chance.randint(2, 5)


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (flip, cut, splice, deepen, repeat)


def hostile_file(chance: random.Random, number: int) -> bytes:
    raws = [record(number * 10 + offset) for offset in range(chance.randint(1, 8))]
    data = chance.choice((b'{"Records":[' + b",".join(raws) + b"]}", b"[" + b",".join(raws) + b"]", b"\n".join(raws)))
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(CHANGES)(chance, data) or b"{"
    if chance.random() < 0.5:
        data = gzip.compress(data, 1)
        if chance.random() < 0.5:
            data = chance.choice((flip, cut))(chance, data)
    return data


@pytest.mark.fuzz
@pytest.mark.parametrize("round_number", range(FILES // FILES_AT_ONCE))
def test_hostile_files_neither_stop_nor_unbalance_an_import(round_number: int, tmp_path: Path) -> None:
    chance = random.Random(SEED + round_number)
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(FILES_AT_ONCE):
        (logs / f"{number:04}.json").write_bytes(hostile_file(chance, number))
    (logs / "good.json").write_bytes(record(999_999))
    room = Room(tmp_path / "data", SettableClock())
    counts = room.run(logs)
    counts.check()
    assert counts.files_read + counts.files_passed_over == FILES_AT_ONCE + 1
    bodies = room.bodies()
    assert len(bodies) == counts.kept
    assert record(999_999) in bodies
    assert all(b"\n" not in body and b"\r" not in body for body in bodies)
