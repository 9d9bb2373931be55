"""Stored bytes of log files: whatever they are, examined to an end and judged."""

import gzip
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail import limits
from opentrail.logfile import content
from opentrail.logfile.content import Flaw, examine, examine_whole, inflate

TEXT = b'{"Records":[' + b",".join(b'{"eventID":"%d"}' % number for number in range(20_000)) + b"]}"
STORED = gzip.compress(TEXT)
SHA256 = hashlib.sha256(TEXT).hexdigest()


def blocks(stored: bytes, size: int = 1000) -> list[bytes]:
    return [stored[at : at + size] for at in range(0, len(stored), size)]


def test_packing_anew_changes_no_hash() -> None:
    for level in (0, 1, 9):
        for size in (1, 7, 100_000) if level else (5000,):
            found = examine(blocks(gzip.compress(TEXT, level), size))
            assert (found.sha256, found.inflated_size, found.flaw, found.whole) == (SHA256, len(TEXT), None, True)


def test_a_second_member_is_trailing_data_wherever_the_blocks_end() -> None:
    for size in (len(STORED), len(STORED) - 3, 1000):
        assert examine(blocks(STORED + gzip.compress(b"{}"), size)).flaw is Flaw.TRAILING_DATA
    assert examine([STORED, b"\0"]).flaw is Flaw.TRAILING_DATA
    assert examine([STORED + b"x"]).flaw is Flaw.TRAILING_DATA


def test_what_is_cut_off_is_not_whole_and_only_the_trailer_is_not_missed() -> None:
    cut = examine(blocks(STORED[:-2000]))
    assert (cut.flaw, cut.whole) == (None, False)
    assert cut.sha256 != SHA256
    trailer = examine(blocks(STORED[:-3]))
    assert (trailer.flaw, trailer.whole, trailer.sha256) == (None, False, SHA256)
    assert examine([]).sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("stored", [b"{", b"{}", TEXT, b"\x1f\x8c" + STORED[2:], STORED[:-6] + b"\0\0" + STORED[-4:]])
def test_what_is_no_gzip_is_called_so(stored: bytes) -> None:
    assert examine([stored]).flaw is Flaw.NOT_GZIP
    assert examine_whole(stored, 1 << 20)[0].flaw is Flaw.NOT_GZIP


def test_a_bomb_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_FILE_READ_BYTES", 4 * limits.MIB)
    found = examine(blocks(gzip.compress(bytes(50 * limits.MIB)), 4096))
    assert found.flaw is Flaw.TOO_LONG
    assert found.inflated_size <= 4 * limits.MIB
    assert examine_whole(gzip.compress(bytes(2 * limits.MIB)), limits.MIB)[0].flaw is Flaw.TOO_LONG


def test_inflating_reads_the_first_member_alone() -> None:
    assert examine_whole(STORED, limits.GIB) == (examine([STORED]), TEXT)
    found, inflated = examine_whole(STORED + STORED, limits.GIB)
    assert (found.flaw, inflated) == (Flaw.TRAILING_DATA, TEXT)
    assert not examine_whole(STORED[:-1], limits.GIB)[0].whole
    assert inflate(STORED + STORED, limits.GIB) == TEXT
    assert inflate(STORED[:-1], limits.GIB) is None
    assert inflate(STORED, len(TEXT) - 1) is None
    assert inflate(b"{}", limits.GIB) is None
    assert examine_whole(gzip.compress(b""), limits.GIB)[1] == b""


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255), st.integers(1, 64))
def test_damage_is_judged_as_zlib_judges_it(text: bytes, at: int, byte: int, size: int) -> None:
    """The AWS CLI inflates with zlib. Whatever the bytes, what it refuses is no whole file, and hashes are its own."""
    stored = bytearray(gzip.compress(text))
    stored[at % len(stored)] = byte
    found = examine(blocks(bytes(stored), size))
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        inflated = b"".join(member.decompress(block) for block in blocks(bytes(stored), size)) + member.flush()
    except zlib.error:
        assert found.flaw is Flaw.NOT_GZIP or not found.whole
        return
    assert found.flaw is (Flaw.TRAILING_DATA if member.unused_data else None)
    if member.eof:
        assert found.sha256 == hashlib.sha256(inflated).hexdigest()


def test_the_writer_s_file_is_one_member_without_a_time() -> None:
    file = content.write([b'{"a":1}', b'{"b":2}'])
    assert file.stored[4:8] == bytes(4)
    assert examine_whole(file.stored, 100)[1] == b'{"Records":[{"a":1},{"b":2}]}'
    assert file == content.write([b'{"a":1}', b'{"b":2}'])


def test_reserved_flags_of_a_gzip_header_are_refused_as_zlib_refuses_them() -> None:
    stored = bytearray(gzip.compress(b"{}"))
    stored[3] |= 0x20
    assert examine(blocks(bytes(stored), 1)).flaw is Flaw.NOT_GZIP
    assert examine([bytes(stored)]).flaw is Flaw.NOT_GZIP
