"""The index of a segment: from (scope, attribute, value) to rows, newest first; and what a row's scope, time and
position are without touching the segment.

Arrays (segments.index_file says how they are kept); rows are counted from 0 in the segment's own order, which is
(event time, position) ascending:

    lists          uint32[L]    fingerprints of (scope, attribute, value), ascending, each once
    list_starts    uint32[L+1]  where in `postings` the list of a fingerprint begins; the last one is its end
    postings       uint8[]      rows as LAST - row, where LAST is the segment's last row, so newest first; see
                                segments.postings; a list begins with a number, not a difference
    row_scopes     uint8|16|32  the scope of each row, an index into the fact `scopes`
    row_times      uint32|64    event time of each row, ascending, less the fact `first_us`, in `time_unit_us`
    positions      uint32|64    position of each row, less the fact `first_position`
    event_keys     uint64[]     first half of each event's key (segments.event_keys), ascending
    event_rows     uint32[]     the row of each of them
    page_*                      where the text of a row lies (segments.pages)

Facts: `layout` (LAYOUT of whoever built it), `rows`, `segment_bytes` (size of the Parquet file that this belongs to),
`scopes` ([account, region, class]), `first_position`, `first_us`, `time_unit_us` (a second where all times are whole
seconds, as CloudTrail's are, else one). Fingerprints may collide, and 64 bits of a key too: whoever follows a hit
verifies it on the record. 35 bytes an event; some 2 us an event to build.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from opentrail.segments import postings
from opentrail.segments.attributes import (
    ACCESS_KEY_ID,
    EVENT_NAME,
    EVENT_SOURCE,
    INSIGHT,
    READ_ONLY,
    RESOURCE_NAME,
    RESOURCE_TYPE,
    USERNAME,
    Scope,
    class_of,
    read_only_text,
)
from opentrail.segments.event_keys import event_keys, short_keys
from opentrail.segments.index_file import write_index_file
from opentrail.segments.pages import page_table
from opentrail.segments.schema import DICTIONARY_COLUMNS

LAYOUT: Final = 1  # raise it when the arrays or their meaning change: older indexes are built again
_MULTIPLIER: Final = np.uint64(0xBF58476D1CE4E5B9)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_SECOND_US: Final = 1_000_000
_KEY_ROWS: Final = 65_536  # event IDs that are texts of Python's at a time: 100 bytes each
_ENCODED_PAIRS: Final = 1 << 19  # of a segment's 8 million encoded at a time: 50 bytes each

# Columns that an index is built from: all but the evidence and what no look-up asks for.
SOURCE_COLUMNS: Final = (
    "position",
    "eventtime",
    "account",
    "region",
    "category",
    "eventid",
    "eventsource",
    "eventname",
    "readonly",
    "insighteventsource",
    "insighteventname",
    "username",
    "accesskeyid",
    "lookupresources",
)

_OF_COLUMN: Final = {
    "eventname": EVENT_NAME,
    "eventsource": EVENT_SOURCE,
    "insighteventname": EVENT_NAME,
    "insighteventsource": EVENT_SOURCE,
    "username": USERNAME,
    "accesskeyid": ACCESS_KEY_ID,
}

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def value_hash(attribute: str, value: str) -> int:
    """64 bits of one value of one attribute."""
    return int.from_bytes(hashlib.blake2b(f"{attribute}\0{value}".encode(), digest_size=8).digest(), "little")


def scope_hash(scope: Scope) -> int:
    """64 bits of one scope."""
    text = f"{scope.account}\0{scope.region}\0{scope.category_class}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def fingerprint(scope: int, value: int) -> int:
    """32 bits of (scope, attribute, value), from the hashes of the scope and the value."""
    return (((scope ^ value) * int(_MULTIPLIER)) & 0xFFFFFFFFFFFFFFFF) >> 32


def rebuild_index(segment: Path, target: Path) -> None:
    """Build the index of a segment from the segment alone."""
    build_index(read_sources(segment), segment, target)


def read_sources(segment: Path) -> pa.Table:
    """The columns of a segment that its index is built from."""
    return pq.read_table(
        segment, columns=list(SOURCE_COLUMNS), read_dictionary=list(DICTIONARY_COLUMNS), partitioning=None
    )


def source_columns(table: pa.Table) -> pa.Table:
    """Of a segment's columns those that its index is built from, few-valued ones as dictionaries: little to hold."""
    return pa.table(
        {
            name: table.column(name).dictionary_encode() if name in DICTIONARY_COLUMNS else table.column(name)
            for name in SOURCE_COLUMNS
        }
    )


def build_index(table: pa.Table, segment: Path, target: Path) -> None:
    """Build and write the index of the segment at `segment`, whose columns (SOURCE_COLUMNS at least) are `table`."""
    write_index_file(target, *index_of(table, segment))


def index_of(table: pa.Table, segment: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The facts and arrays of an index: the same for the same segment, always."""
    rows = table.num_rows
    scopes, row_scopes = _scopes(table)
    times = table.column("eventtime").cast(pa.int64()).to_numpy()
    positions = table.column("position").to_numpy()
    lists, starts, data = _lists(table, scopes, row_scopes)
    first_us = int(times[0])
    first_position = int(positions.min())
    unit = _SECOND_US if not ((times - first_us) % _SECOND_US).any() else 1
    keys, key_rows = _event_keys(table)
    arrays: dict[str, npt.NDArray[Any]] = {
        "lists": lists,
        "list_starts": starts,
        "postings": data,
        "row_scopes": row_scopes.astype(np.min_scalar_type(len(scopes))),
        "row_times": _narrow((times - first_us) // unit),
        "positions": _narrow(positions - first_position),
        "event_keys": keys,
        "event_rows": key_rows,
        **page_table(segment),
    }
    facts = {
        "layout": LAYOUT,
        "rows": rows,
        "segment_bytes": segment.stat().st_size,
        "scopes": [[scope.account, scope.region, scope.category_class] for scope in scopes],
        "first_position": first_position,
        "first_us": first_us,
        "time_unit_us": unit,
    }
    return facts, arrays


def _narrow(numbers: Numbers) -> npt.NDArray[Any]:
    """Numbers from 0 on in 32 bits where they fit."""
    return numbers.astype(np.uint32 if int(numbers.max()) <= 0xFFFFFFFF else np.uint64)


def _codes(column: pa.ChunkedArray | pa.Array) -> tuple[Numbers, list[Any]]:
    """The number of each row's value (-1 for null) and the values by number."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no chunk at all
        return np.empty(0, np.int64), []
    codes = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, column.dictionary.to_pylist()


def _scopes(table: pa.Table) -> tuple[list[Scope], Numbers]:
    """The scopes of the segment and the scope of each row."""
    accounts, account_names = _codes(table.column("account"))
    regions, region_names = _codes(table.column("region"))
    categories, category_names = _codes(table.column("category"))
    combined = (accounts * len(region_names) + regions) * len(category_names) + categories
    distinct, row_kinds = np.unique(combined, return_inverse=True)
    numbers: dict[Scope, int] = {}
    of_kind = np.empty(len(distinct), np.int64)
    for kind, code in enumerate(distinct.tolist()):
        rest, category = divmod(code, len(category_names))
        account, region = divmod(rest, len(region_names))
        scope = Scope(account_names[account], region_names[region], class_of(category_names[category]))
        of_kind[kind] = numbers.setdefault(scope, len(numbers))
    return list(numbers), of_kind[row_kinds]


def _lists(
    table: pa.Table, scopes: list[Scope], row_scopes: Numbers
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Fingerprints, starts of their lists, and the lists."""
    last = table.num_rows - 1
    hashes_of_scopes = np.array([scope_hash(scope) for scope in scopes], np.uint64)
    parts: list[Hashes] = []
    for rows, hashes in _values(table, scopes, row_scopes):
        mixed = ((hashes_of_scopes[row_scopes[rows]] ^ hashes) * _MULTIPLIER) >> _HALF
        parts.append((mixed << _HALF) | (last - rows).astype(np.uint64))
    entries = np.concatenate(parts) if parts else np.empty(0, np.uint64)
    parts.clear()
    entries.sort()
    if len(entries):
        entries = entries[np.concatenate(([True], entries[1:] != entries[:-1]))]
    return _encoded(entries)


def _encoded(entries: Hashes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """The same of (fingerprint, row from the last) pairs, ascending, each once; some at a time, whole lists always."""
    prints, starts, data = [], [], []
    length = begin = 0
    while begin < len(entries):
        end = begin + _ENCODED_PAIRS
        if end < len(entries):
            end = int(np.searchsorted(entries, entries[end - 1] | _LOW, "right"))
        piece = entries[begin:end]
        of_rows = (piece & _LOW).astype(np.int64)
        of_lists = (piece >> _HALF).astype(np.uint32)
        heads = np.flatnonzero(np.diff(of_lists.astype(np.int64), prepend=-1))
        deltas = np.diff(of_rows, prepend=0)
        deltas[heads] = of_rows[heads]
        encoded, begins = postings.encode(deltas)
        prints.append(of_lists[heads])
        starts.append(begins[heads] + length)
        data.append(encoded)
        length += len(encoded)
        begin = end
    return (
        np.concatenate([*prints, np.empty(0, np.uint32)]),
        np.concatenate([*starts, [length]]).astype(np.uint32),
        np.concatenate([*data, np.empty(0, np.uint8)]),
    )


def _values(table: pa.Table, scopes: list[Scope], row_scopes: Numbers) -> Iterator[tuple[Numbers, Hashes]]:
    """For each attribute, rows and the hash of the value that each has; a row may come with several values."""
    speaks_of_calls = np.array([scope.category_class == INSIGHT for scope in scopes], np.bool_)[row_scopes]
    yield _readonly(table, speaks_of_calls)
    for column, attribute in _OF_COLUMN.items():
        codes, names = _codes(table.column(column))
        rows = np.flatnonzero(codes >= 0)
        yield rows, _hashes(attribute, names)[codes[rows]]
    resources = table.column("lookupresources").combine_chunks()
    if isinstance(resources, pa.ChunkedArray):
        return
    rows_of = np.repeat(np.arange(len(resources)), np.diff(resources.offsets.to_numpy()))
    entries = resources.flatten()
    for field, attribute in (("type", RESOURCE_TYPE), ("name", RESOURCE_NAME)):
        codes, names = _codes(pc.struct_field(entries, field))
        present = codes >= 0
        yield rows_of[present], _hashes(attribute, names)[codes[present]]


def _readonly(table: pa.Table, speaks_of_calls: npt.NDArray[np.bool_]) -> tuple[Numbers, Hashes]:
    flags = pc.fill_null(table.column("readonly").cast(pa.int8()), -1).to_numpy()
    rows = np.flatnonzero((flags >= 0) & ~speaks_of_calls)
    hashes = _hashes(READ_ONLY, [str(read_only_text(False)), str(read_only_text(True))])
    return rows, hashes[flags[rows]]


def _hashes(attribute: str, names: list[str]) -> Hashes:
    return np.array([value_hash(attribute, name) for name in names], np.uint64)


def _event_keys(table: pa.Table) -> tuple[Hashes, npt.NDArray[np.uint32]]:
    accounts, account_names = _codes(table.column("account"))
    regions, region_names = _codes(table.column("region"))
    event_ids = table.column("eventid")
    keys = np.empty(table.num_rows, np.uint64)
    for begin in range(0, table.num_rows, _KEY_ROWS):
        rows = slice(begin, begin + _KEY_ROWS)
        keys[rows] = short_keys(
            event_keys(
                [account_names[code] for code in accounts[rows].tolist()],
                [region_names[code] for code in regions[rows].tolist()],
                event_ids.slice(begin, _KEY_ROWS).to_pylist(),
            )
        )
    order = np.argsort(keys, kind="stable")
    return keys[order], order.astype(np.uint32)
