"""What an answer promises: when its record is durable, and what happens when it cannot be.

durable      An answer of up to limits.HELD_ANSWER_BYTES leaves after its record is on disk. Before the first byte of a
             longer one an intent is on disk, before its last byte the record, which ends the intent. When the journal
             fails after the upstream has acted, no answer leaves: the connection is cut, intake keeps the record in
             memory and tries again.
write-ahead  As durable; and before the first byte of a call goes to its upstream its intent is on disk, in which the
             outcome is unknown. A longer answer brings that intent up to date. However a call ends, its record ends
             its intent; of a call that a crash cut off, the intent becomes the record: at the next start, or when one
             of several processes is seen to have been killed.
async        The record is handed to intake before the answer leaves, and nobody waits for the disk: it is written some
             10 ms later, together with the records of other calls.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from opentrail.clock import Clock
from opentrail.intake import Intake, StampedRecord, marked
from opentrail.intake.unended import Unended
from opentrail.journal import EntriesRefused, JournalUnwritable
from opentrail.record.call_record import CallRecord
from opentrail.record.faults import BadRecord
from opentrail.recorder.call import Call
from opentrail.recorder.records.gathering import Gathering
from opentrail.recorder.records.recording import without_details
from opentrail.recorder.settings import Guarantee
from opentrail.telemetry import logger

_LOG = logger("recorder")


class NotDurable(Exception):
    """The record is not on disk; intake keeps it and tries again."""


class Keeper:
    """Keeps records as the guarantee has it."""

    def __init__(self, intake: Intake, clock: Clock, guarantee: Guarantee) -> None:
        self._intake = intake
        self._clock = clock
        self._gathering = Gathering(intake, patient=guarantee == "async")
        self.waits = guarantee != "async"
        self.announces_all = guarantee == "write-ahead"  # not only calls whose answers are long

    async def keep(self, call: Call, records: Sequence[CallRecord]) -> None:
        """Hand the call's `records` to intake; on disk on return if answers wait. Raises NotDurable."""
        stamped = self._stamped(call, records)
        if not stamped:
            return
        if not self.waits:
            self._gathering.add(stamped)
            return
        try:
            await self._gathering.durable(stamped)
        except (JournalUnwritable, EntriesRefused) as failure:
            raise NotDurable from failure

    def hand_over(self, call: Call, records: Sequence[CallRecord]) -> None:
        """As `keep`, without waiting."""
        stamped = self._stamped(call, records)
        if stamped:
            self._gathering.add(stamped)

    def close(self) -> None:
        """Hand over what has gathered; nobody is waiting for it any longer."""
        self._gathering.close()

    async def announce(self, call: Call, record: CallRecord, unended: Unended) -> None:
        """Make the call's intent durable, or bring it up to date, where answers wait. Raises NotDurable.

        Where this is cancelled before there is an intent, none stays.
        """
        if not self.waits:
            return
        future = self._intake.intend(marked(record, unended), replaces=call.intent)
        if future.done() and isinstance(future.exception(), BadRecord):
            future = self._intake.intend(marked(without_details(record), unended), replaces=call.intent)
        try:
            call.intent = await asyncio.wrap_future(future)
        except (JournalUnwritable, EntriesRefused) as failure:
            raise NotDurable from failure
        except asyncio.CancelledError:
            if call.intent is None:
                self._intake.withdraw(future)
            raise

    def refuse(self) -> None:
        """Count a call that was refused because its record could not have been kept."""
        self._intake.refuse()

    def _stamped(self, call: Call, records: Sequence[CallRecord]) -> list[StampedRecord]:
        """The first record comes last and ends the intent: with it, all are there.

        A call is recorded once: whatever goes wrong after its records were handed over changes nothing about them.
        """
        if call.recorded:
            _LOG.warning("recorded already", action="recorded-once", event_name=records[0].event_name)
            return []
        call.recorded = True
        now_us = self._clock.now_us()
        stamped = [self._intake.stamped(record, event_time_us=now_us) for record in records[1:]]
        own = records[0]
        try:
            stamped.append(self._intake.stamped(own, ends_intent=call.intent, event_time_us=now_us))
        except BadRecord:
            _LOG.warning("record cut to its head", action="record-too-large", event_name=own.event_name)
            own = without_details(own)
            stamped.append(self._intake.stamped(own, ends_intent=call.intent, event_time_us=now_us))
        return stamped


def lower_names(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers of an answer by lower-case name; the first of a repeated one."""
    found: dict[str, Any] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def with_length(headers: Sequence[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    """Headers of an answer with another body of `length` bytes, which nobody has coded or hashed yet."""
    about_body = (b"content-length", b"content-encoding", b"content-md5", b"etag")
    kept = [(name, value) for name, value in headers if name.lower() not in about_body]
    return [*kept, (b"Content-Length", str(length).encode())]
