"""Proving the event table whole against the journal, or naming what is not.

Trusts no index and no count: it reads the segments' own columns. Works beside a running server: the table is taken
as of one commit, and the journal as of a moment later.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from opentrail.clock import SystemClock
from opentrail.errors import OpenTrailError
from opentrail.history.follower import NAME
from opentrail.history.origins import reaches_history
from opentrail.journal import Batch, Journal, Sealer
from opentrail.journal.problems import Problems
from opentrail.record.envelope import envelope
from opentrail.record.faults import BadRecord
from opentrail.record.view import view
from opentrail.segments.event_keys import event_keys
from opentrail.segments.index import index_of, read_sources
from opentrail.segments.index_file import read_index_file
from opentrail.segments.layout import HISTORY
from opentrail.segments.segment import Segment
from opentrail.segments.snapshot import SegmentFile, Snapshot, SnapshotReader
from opentrail.segments.source import Pages
from opentrail.segments.sweep import reading
from opentrail.segments.writer import index_path

_NAMED: Final = 10  # of one kind
_INDEXED_ROWS: Final = 2_000_000  # indexes are compared whole up to so many rows, beyond it of segments drawn by lot
_READ_EVENTS: Final = 16_384
_TEXTS: Final = 200  # records of each segment that are read and compared with its columns

_KEY: Final = np.dtype([("high", ">u8"), ("low", ">u8")])
Keys = npt.NDArray[Any]


@dataclass(slots=True)
class Findings(Problems):
    """What was read, and each problem in a sentence that names the place."""

    files: int = 0
    rows: int = 0
    position: int = 0


def check(tables: Path, journal_folder: Path, sealer: Sealer | None = None) -> Findings:
    """Check the table in `tables` and what the journal has for it. Nothing is raised, all is found."""
    findings = Findings()
    reader = SnapshotReader(tables)
    try:
        with (
            Journal.open(journal_folder, SystemClock(), read_only=True, sealer=sealer) as journal,
            reading(HISTORY.folder(tables)),
        ):
            mirrored = journal.position(NAME)  # before the table, which only moves on
            snapshot = reader.load()
            findings.files, findings.rows, findings.position = len(snapshot.files), snapshot.rows, snapshot.position
            if mirrored > snapshot.position:
                findings.add(f"the journal was told that the table reaches {mirrored}, it reaches {snapshot.position}")
            positions = _check_segments(snapshot, findings)
            _check_journal(snapshot, positions, journal, findings)
    except (OpenTrailError, OSError) as error:
        findings.add(str(error))
    finally:
        reader.close()
    return findings


def _check_segments(snapshot: Snapshot, findings: Findings) -> npt.NDArray[np.int64]:
    """Look into every file; the sorted positions of all rows."""
    lot = random.Random(snapshot.location)
    left = _INDEXED_ROWS
    positions: list[npt.NDArray[np.int64]] = []
    keys: list[Keys] = []
    for file in lot.sample(snapshot.files, len(snapshot.files)):
        if not file.path.exists():
            findings.add(f"{file.path.name}: the table names it, and it is missing")
            continue
        try:
            found = _check_segment(file, findings, with_index=left > 0)
        except (OpenTrailError, OSError, ValueError) as error:
            findings.add(f"{file.path.name}: cannot be read: {error}")
            continue
        left -= file.rows
        positions.append(found[0])
        keys.append(found[1])
    every = np.sort(np.concatenate(positions)) if positions else np.empty(0, np.int64)
    for position in every[1:][every[1:] == every[:-1]][:_NAMED].tolist():
        findings.add(f"position {position} is in the table twice")
    if len(every) and int(every[-1]) > snapshot.position:
        findings.add(f"position {int(every[-1])} is in the table, whose own position is {snapshot.position}")
    _check_twice(keys, findings)
    return every


def _check_segment(file: SegmentFile, findings: Findings, *, with_index: bool) -> tuple[npt.NDArray[np.int64], Keys]:
    """Rows, order, bounds, texts and index of one file; its positions and event keys."""
    name = file.path.name
    table = read_sources(file.path)
    positions = table.column("position").to_numpy()
    times = table.column("eventtime").cast("int64").to_numpy()
    if table.num_rows != file.rows:
        findings.add(f"{name}: {table.num_rows} rows, the table says {file.rows}")
    ascending = (times[1:] > times[:-1]) | ((times[1:] == times[:-1]) & (positions[1:] > positions[:-1]))
    if not ascending.all():
        findings.add(f"{name}: row {int(np.argmin(ascending)) + 1} is out of order")
    if (int(times[0]), int(times[-1])) != (file.oldest_us, file.newest_us):
        findings.add(f"{name}: its event times are not those that the table says")
    segment = Segment.open(file.path)
    if with_index:
        _check_index(file, table, findings)
    columns = [table.column(column).to_pylist() for column in ("account", "region", "eventid")]
    _check_texts(segment, times, columns[2], findings)
    keys = np.frombuffer(b"".join(event_keys(*columns)), _KEY)
    return positions, keys


def _check_index(file: SegmentFile, table: Any, findings: Findings) -> None:
    facts, arrays = read_index_file(index_path(file.path))
    true_facts, true_arrays = index_of(table, file.path)
    if facts != true_facts:
        findings.add(f"{file.path.name}: the facts of its index are not those of its rows; delete the index")
    for name, array in true_arrays.items():
        if name not in arrays or not np.array_equal(arrays[name], array):
            findings.add(f"{file.path.name}: {name} of its index does not fit its rows; delete the index")


def _check_texts(segment: Segment, times: npt.NDArray[np.int64], event_ids: list[str], findings: Findings) -> None:
    """Some records must say what their columns say."""
    step = max(len(times) // _TEXTS, 1)
    pages = Pages(2)
    for row in range(0, len(times), step):
        try:
            said = envelope(view(pages.text(segment, row)))
        except BadRecord as fault:
            findings.add(f"{segment.path.name}: the record in row {row} cannot be read: {fault.message}")
            continue
        if (said.event_id, said.time_us) != (event_ids[row], int(times[row])):
            findings.add(f"{segment.path.name}: the record in row {row} is not that of its columns")


def _check_twice(keys: Iterable[Keys], findings: Findings) -> None:
    parts = list(keys)
    if not parts:
        return
    every = np.sort(np.concatenate(parts).astype([("high", "<u8"), ("low", "<u8")]), order=["high", "low"])
    twice = int((every[1:] == every[:-1]).sum())
    if twice:
        findings.add(f"{twice} events are in the table twice by account, Region and event ID")


def _check_journal(snapshot: Snapshot, positions: npt.NDArray[np.int64], journal: Journal, findings: Findings) -> None:
    """Every event of the journal up to the table's position is in the table, but for other origins and expired ones."""
    head = journal.head()
    if snapshot.position > head:
        findings.add(f"the table's position is {snapshot.position}, the journal ends at {head}")
    if snapshot.position < journal.trimmed_through():
        lost = f"{snapshot.position + 1} to {journal.trimmed_through()}"
        findings.add(f"positions {lost} are no longer in the journal, and the table does not reach them")
    after = 0
    while after < min(snapshot.position, head):
        found = journal.read(after, _READ_EVENTS, origins=reaches_history)
        for batch in found:
            _check_batch(batch, snapshot, positions, findings)
        if found.through <= after:
            return
        after = found.through


def _check_batch(batch: Batch, snapshot: Snapshot, positions: npt.NDArray[np.int64], findings: Findings) -> None:
    if batch.first > snapshot.position:
        return
    if batch.last > snapshot.position:
        findings.add(f"the table's position {snapshot.position} lies inside the batch {batch.first} to {batch.last}")
    begin, end = np.searchsorted(positions, [batch.first, batch.last + 1])
    if end - begin == batch.entries.count:
        return
    there = set(positions[begin:end].tolist())
    for position, time_us in enumerate(batch.entries.times_us, start=batch.first):
        kept = max(time_us, batch.appended_at_us) >= snapshot.expired_before_us
        if kept and position <= snapshot.position and position not in there:
            findings.add(f"position {position} is in the journal and not in the table, which reaches further")
