"""The checksums agree with known values, however the bytes are cut."""

import os
import zlib

import pytest

from opentrail.wire.checksums import ALGORITHMS, LaneCrc


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("md5", "25f9e794323b453885f5181f1b624d0b"),
    ],
)
def test_check_values(name, expected):
    checksum = ALGORITHMS[f"x-amz-checksum-{name}"]()
    checksum.update(b"1234")
    checksum.update(b"56789")
    assert checksum.digest().hex() == expected


def test_lanes_agree_with_zlib():
    data = os.urandom(300_000)
    for size in (0, 1, 63, 64, 1023, 1024, 1025, 65536, 65537, 131_071, 300_000):
        crc = LaneCrc(0xEDB88320, 32)
        crc.update(data[:size])
        crc.update(memoryview(data)[size:])
        assert int.from_bytes(crc.digest(), "big") == zlib.crc32(data)


def test_pieces_and_the_whole_agree():
    data = os.urandom(100_001)
    for name in ("crc32c", "crc64nvme"):
        whole, pieces = (ALGORITHMS[f"x-amz-checksum-{name}"]() for _ in range(2))
        whole.update(data)
        for at in range(0, len(data), 777):
            pieces.update(data[at : at + 777])
        assert whole.digest() == pieces.digest()
