"""Where the pages of `eventjson` lie in a Parquet file, and what is in one.

Parquet's own readers give a column chunk at least; a look-up wants one record. So the page headers (Thrift compact
structs, one before each page) are read once, when the index is built, and their offsets kept there. A page of a
required PLAIN byte array, data page version 1, is one zstd frame of (4-byte length, bytes) pairs.
"""

import mmap
import struct
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import zstandard

from opentrail.segments.faults import SegmentCorrupt
from opentrail.segments.schema import EVIDENCE

# Field numbers of parquet.thrift: PageHeader and DataPageHeader.
_UNCOMPRESSED_SIZE: Final = 2
_COMPRESSED_SIZE: Final = 3
_DATA_PAGE_HEADER: Final = 5
_NUM_VALUES: Final = 1

_LENGTH_BYTES: Final = 4
_length_at: Final = struct.Struct("<I").unpack_from
_local = threading.local()


def page_table(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The pages of `eventjson` in order: first row, offset of the frame, its size and the size that it unpacks to."""
    metadata = pq.read_metadata(path)
    columns = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    column = columns.index(EVIDENCE)
    found: list[tuple[int, int, int, int]] = []
    row = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(column)
            offset = chunk.data_page_offset
            left = metadata.row_group(group).num_rows
            while left > 0:
                header, body = _ThriftReader(mapped, offset).struct()
                values = header[_DATA_PAGE_HEADER][_NUM_VALUES]
                found.append((row, body, header[_COMPRESSED_SIZE], header[_UNCOMPRESSED_SIZE]))
                row += values
                left -= values
                offset = body + header[_COMPRESSED_SIZE]
    rows, offsets, packed, unpacked = zip(*found, strict=True)
    return {
        "page_rows": np.array(rows, np.uint32),
        "page_offsets": np.array(offsets, np.uint64),
        "page_packed": np.array(packed, np.uint32),
        "page_unpacked": np.array(unpacked, np.uint32),
    }


def unpack_page(frame: bytes, unpacked: int) -> bytes:
    """The (length, bytes) pairs of a page. Raises SegmentCorrupt."""
    try:
        unpacker = _local.unpacker
    except AttributeError:
        unpacker = _local.unpacker = zstandard.ZstdDecompressor()
    try:
        return bytes(unpacker.decompress(frame, max_output_size=unpacked))
    except zstandard.ZstdError as error:
        raise SegmentCorrupt(f"a page of {EVIDENCE} cannot be unpacked: {error}") from error


class TextPage:
    """An unpacked page, cut into records only as far as somebody asks: that would take longer than unpacking."""

    __slots__ = ("_data", "_starts")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [_LENGTH_BYTES]  # of the text of each record found so far

    def __getitem__(self, number: int) -> bytes:
        """The record with this number. Raises SegmentCorrupt where the page has no such record."""
        data, starts = self._data, self._starts
        try:
            at = starts[-1]
            for _ in range(number + 1 - len(starts)):
                at += _length_at(data, at - _LENGTH_BYTES)[0] + _LENGTH_BYTES
                starts.append(at)
            start = starts[number]
            end = start + _length_at(data, start - _LENGTH_BYTES)[0]
        except struct.error as error:
            raise SegmentCorrupt(f"a page of {EVIDENCE} ends before record {number}") from error
        if end > len(data):
            raise SegmentCorrupt(f"a page of {EVIDENCE} ends in the middle of record {number}")
        return data[start:end]


class _ThriftReader:
    """Just enough of Thrift's compact protocol to read a page header: struct() gives fields by number."""

    def __init__(self, data: mmap.mmap, offset: int) -> None:
        self._data = data
        self._at = offset

    def struct(self) -> tuple[dict[int, Any], int]:
        """The fields of the struct here, and the offset behind it."""
        fields = self._fields()
        return fields, self._at

    def _fields(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            fields[number] = self._value(head & 0x0F)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == 8:
            length = self._varint()
            self._at += length
            return self._data[self._at - length : self._at]
        if kind == 12:
            return self._fields()
        raise SegmentCorrupt(f"a page header holds a Thrift type that is not expected there: {kind}")

    def _byte(self) -> int:
        value = self._data[self._at]
        self._at += 1
        return value

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
