"""Which events history has already, by account, Region and event ID: each event is imported once, ever.

What is in the table is asked of the segments' indexes, and each hit verified on the record. What is in the journal
but not in the table yet, and what was let through here, is remembered as 128-bit keys, 16 bytes an event. Live events
that arrive meanwhile are learned from the journal before each answer.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from opentrail.history.known_keys import KnownKeys
from opentrail.history.origins import IMPORT, reaches_history
from opentrail.history.view import TableView, open_view
from opentrail.journal import Journal
from opentrail.journal.entries import Entries
from opentrail.record.faults import BadRecord
from opentrail.record.view import view
from opentrail.segments.event_keys import event_keys, short_keys
from opentrail.segments.segment import Segment
from opentrail.segments.snapshot import EMPTY, SnapshotReader
from opentrail.segments.source import Pages

_READ_EVENTS: Final = 16_384
_PAGES: Final = 64


class Seen:
    """Knows every event of table and journal, and what it let through. For one thread; one importer at a time."""

    def __init__(self, tables: Path, journal: Journal) -> None:
        self._journal = journal
        self._reader = SnapshotReader(tables)
        self._table = TableView(EMPTY, ())
        self._known = KnownKeys()
        self._refresh()
        self._read_through = self._table.position
        self._learn(imports=True)

    def new_mask(self, entries: Entries) -> list[bool]:
        """For each event whether it is new; of equal ones in `entries` the first. What is new is known from now on."""
        self._refresh()
        self._learn(imports=False)
        keys = event_keys(entries.accounts, entries.regions, entries.event_ids)
        known = self._known.known(keys)
        in_table = self._in_table(entries, keys, known)
        batch: set[bytes] = set()
        mask = []
        for key, is_known, is_there in zip(keys, known, in_table, strict=True):
            new = not is_known and not is_there and key not in batch
            if new:
                batch.add(key)
            mask.append(new)
        for key in batch:
            self._known.add(key)
        return mask

    def close(self) -> None:
        """Let go of the catalog."""
        self._reader.close()

    def _refresh(self) -> None:
        """Take over what was committed meanwhile: it may hold events of others than this importer."""
        location = self._reader.location()
        if location != self._table.snapshot.location:
            self._table = open_view(self._reader.load(), self._table)

    def _learn(self, *, imports: bool) -> None:
        """Remember what the journal holds beyond what was read; imports after the start are our own, known."""
        head = self._journal.head()
        while self._read_through < head:
            found = self._journal.read(
                self._read_through,
                _READ_EVENTS,
                origins=lambda origin: reaches_history(origin) and (imports or origin != IMPORT),
            )
            for batch in found:
                entries = batch.entries
                keys = event_keys(entries.accounts, entries.regions, entries.event_ids)
                for key, known in zip(keys, self._known.known(keys), strict=True):
                    if not known:
                        self._known.add(key)
            if found.through <= self._read_through:
                return
            self._read_through = found.through

    def _in_table(self, entries: Entries, keys: Sequence[bytes], known: Sequence[bool]) -> list[bool]:
        there = [False] * len(keys)
        open_questions = [index for index, is_known in enumerate(known) if not is_known]
        if not open_questions:
            return there
        shorts = short_keys(keys)[open_questions]
        order = np.argsort(shorts, kind="stable")
        ordered = shorts[order]
        for segment in self._table.segments:
            asked, rows = segment.rows_with_keys(ordered)
            if len(asked):
                numbers = [open_questions[place] for place in order[asked].tolist()]
                _verify(segment, entries, numbers, rows.tolist(), there)
        return there


def _verify(segment: Segment, entries: Entries, numbers: list[int], rows: list[int], there: list[bool]) -> None:
    """Mark those of the entries `numbers` that the `rows` beside them really are."""
    candidates: dict[int, list[int]] = defaultdict(list)
    for number, row in zip(numbers, rows, strict=True):
        candidates[row].append(number)
    pages = Pages(_PAGES)
    for row in sorted(candidates):  # in this order each page is unpacked once
        scope = segment.scope_of(row)
        event_id = _event_id(pages.text(segment, row))
        for number in candidates[row]:
            if (
                event_id == entries.event_ids[number]
                and scope.account == entries.accounts[number]
                and scope.region == entries.regions[number]
            ):
                there[number] = True


def _event_id(raw: bytes) -> str | None:
    try:
        record = view(raw)
    except BadRecord:
        return None
    return record.eventID or record.eventId
