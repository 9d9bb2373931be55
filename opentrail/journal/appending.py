"""A process's side of its appending process: requests go out, futures are settled as their answers come.

Belongs to one event loop, which no thread disturbs: a transaction costs it one write and one read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from opentrail import limits, telemetry
from opentrail.errors import OpenTrailError
from opentrail.journal.append_messages import ANSWERS, AppendAnswer, AppendRequest, Incoming, message
from opentrail.journal.entries import Appended, Entries
from opentrail.journal.faults import JournalUnwritable
from opentrail.journal.payload import pack, plain_bytes
from opentrail.journal.sealing import Sealer
from opentrail.journal.writability import Writability

_LOG = telemetry.logger("journal")

Find = Callable[[int, Sequence[str]], Mapping[str, Appended]]


class _Asked(NamedTuple):
    events: int
    bytes: int
    event_id: str  # of the first entry: by it the row is known again
    future: Future[Appended]


class Appending(asyncio.Protocol):
    """Open while the process lives. When it ends, `ended` is set once every request has its answer.

    `find(after, event_ids)` tells which events lie beyond a position, for requests that the process took with it.
    """

    def __init__(
        self, writability: Writability, committed: Callable[[int], None], find: Find, head: int, sealer: Sealer | None
    ) -> None:
        self._writability = writability
        self._committed = committed
        self._find = find
        self._sealer = sealer
        self._head = head  # everything asked for and not answered lies beyond it
        self._incoming = Incoming()
        self._asked: deque[_Asked] = deque()
        self._bytes = 0
        self._open = False
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()

    def submit(self, entries: Entries, origin: str, ends_intents: Sequence[int]) -> Future[Appended] | None:
        """As Journal.submit, from the loop's thread alone; None where this process has to append by itself.

        That is so when the other one has ended, and of entries that are more than one row. Raises EntriesRefused,
        JournalUnwritable where too much waits already.
        """
        size = entries.body_bytes()
        one_row = 0 < entries.count <= limits.JOURNAL_BATCH_EVENTS and size <= limits.JOURNAL_BATCH_BYTES
        transport = self._transport
        if not self._open or transport is None or transport.is_closing() or not one_row:
            return None
        if self._asked and self._bytes + size > limits.JOURNAL_WAITING_BYTES:
            raise JournalUnwritable(f"the journal cannot keep up: {self._bytes} bytes wait to be written")
        request = self._request(entries, origin, list(ends_intents))
        future: Future[Appended] = Future()
        future.set_running_or_notify_cancel()
        if not self._asked:
            self._writability.began()
        self._asked.append(_Asked(entries.count, size, entries.event_ids[0], future))
        self._bytes += size
        transport.write(message(request))
        return future

    def _request(self, entries: Entries, origin: str, ends_intents: list[int]) -> AppendRequest:
        if self._sealer is None:
            return AppendRequest(origin, entries.count, ends_intents, bytes(plain_bytes(entries)))
        row = pack(entries, self._sealer)  # the key stays in this process
        return AppendRequest(origin, row.count, ends_intents, row.payload, True, row.key)

    async def close(self) -> None:
        """Ask for no more; return when everything asked for is answered and the process lets go."""
        self._open = False
        if self._transport is not None:
            if not self._transport.is_closing():
                self._transport.write_eof()
            await self.ended.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process is there."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes
        self._open = True

    def data_received(self, data: bytes) -> None:
        """Answers."""
        for body in self._incoming.feed(data):
            self._answered(ANSWERS.decode(body))

    def eof_received(self) -> bool:
        """The process has ended."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has ended; what it had not answered may be in the journal or not."""
        del exc
        self._open = False
        if not self._asked:
            self.ended.set()
            return
        self._writability.ended(written=False)
        asyncio.get_running_loop().run_in_executor(None, self._settle_lost).add_done_callback(
            lambda _: self.ended.set()
        )

    def _answered(self, answer: AppendAnswer) -> None:
        written = answer.fault is None
        self._writability.ended(written=written)
        asked = [self._asked.popleft() for _ in range(answer.requests)]
        self._bytes -= sum([one.bytes for one in asked])
        if self._asked:
            self._writability.began()
        if not written:
            _LOG.error("journal-append-failed", action="append", submissions=len(asked), error=answer.fault)
            for one in asked:
                one.future.set_exception(JournalUnwritable(f"the journal cannot write: {answer.fault}"))
            return
        telemetry.JOURNAL_COMMITS.inc()
        telemetry.JOURNAL_APPENDS.inc(len(asked))
        self._head = answer.firsts[-1] + asked[-1].events - 1
        telemetry.JOURNAL_HEAD.set(self._head)
        self._committed(self._head)
        for one, first in zip(asked, answer.firsts, strict=True):
            one.future.set_result(Appended(first, first + one.events - 1, answer.appended_at_us))

    def _settle_lost(self) -> None:
        """What was committed is in the journal, whole; nothing of the rest ever will be: the process is gone."""
        asked = list(self._asked)
        self._asked.clear()
        self._bytes = 0
        try:
            found = self._find(self._head, [one.event_id for one in asked])
        except OpenTrailError as fault:
            _LOG.error("journal-unreadable", action="append", error=fault.message)
            found = {}
        _LOG.error("appending process ended", action="append", submissions=len(asked), written=len(found))
        for one in asked:
            appended = found.get(one.event_id)
            if appended is not None:
                one.future.set_result(
                    Appended(appended.first, appended.first + one.events - 1, appended.appended_at_us)
                )
            else:
                one.future.set_exception(JournalUnwritable("the process that appends has ended"))
