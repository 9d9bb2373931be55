"""Records of calls that end together go to the journal together: one submission, one wake-up of the event loop.

While the disk is at work on one batch, the next one gathers here: the more calls, the more of them share a commit, and
what a commit costs beside them (a transaction, an fsync, two changes of thread) is shared by as many.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from opentrail import limits
from opentrail.intake import Intake, StampedRecord
from opentrail.journal import Appended, EntriesRefused

Waiter = asyncio.Future[None]


class _Gathered(NamedTuple):
    records: Sequence[StampedRecord]  # of one call
    waiter: Waiter | None


class Gathering:
    """Belongs to one event loop."""

    def __init__(self, intake: Intake, *, patient: bool) -> None:
        self._intake = intake
        self._patient = patient  # nobody waits: see Journal.submit
        self._gathered: list[_Gathered] = []
        self._events = 0
        self._bytes = 0
        self._under_way = 0  # batches that the journal has
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def add(self, records: Sequence[StampedRecord]) -> None:
        """Append the records of one call, in order, soon; nobody waits for them."""
        self._add(_Gathered(records, None))

    def durable(self, records: Sequence[StampedRecord]) -> Waiter:
        """As `add`; done when all of them are on disk. Fails with JournalUnwritable or EntriesRefused."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._add(_Gathered(records, waiter))
        return waiter

    def close(self) -> None:
        """Hand over what has gathered, and wake nobody from here on."""
        self._closed = True
        self._submit()

    def _add(self, gathered: _Gathered) -> None:
        records = gathered.records
        events = len(records)
        size = len(records[0].body) if events == 1 else sum([len(record.body) for record in records])
        if self._events + events > limits.GATHERED_EVENTS or self._bytes + size > limits.GATHERED_BYTES:
            self._submit()
        self._gathered.append(gathered)
        self._events += events
        self._bytes += size
        if self._closed:
            self._submit()
        elif len(self._gathered) == 1 and not self._under_way:
            self._loop = asyncio.get_running_loop()
            if self._patient:  # the journal gathers by itself
                self._submit()
            else:
                self._loop.call_soon(self._submit_unless_under_way)

    def _submit_unless_under_way(self) -> None:
        if not self._under_way:
            self._submit()

    def _submit(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._events = self._bytes = 0
        if gathered:
            self._append(gathered)

    def _append(self, gathered: list[_Gathered]) -> None:
        self._under_way += 1
        records = [record for call in gathered for record in call.records]
        future = self._intake.append_together(records, patient=self._patient)
        future.add_done_callback(lambda done: self._wake(gathered, done))

    def _wake(self, gathered: list[_Gathered], done: Future[Appended]) -> None:
        """Called by the committer's thread, or at once where the journal refuses."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits any longer
                self._loop.call_soon_threadsafe(self._settle, gathered, done.exception())

    def _settle(self, gathered: list[_Gathered], error: BaseException | None) -> None:
        self._under_way -= 1
        if isinstance(error, EntriesRefused) and sum(len(call.records) for call in gathered) > 1:
            for call in gathered:  # one of them spoils the row, and shall spoil no other
                *besides, own = call.records
                for record in besides:
                    self._append([_Gathered([record], None)])
                self._append([_Gathered([own], call.waiter)])
        else:
            for call in gathered:
                if call.waiter is not None and not call.waiter.done():
                    if error is None:
                        call.waiter.set_result(None)
                    else:
                        call.waiter.set_exception(error)
        if not self._under_way:
            self._submit()
