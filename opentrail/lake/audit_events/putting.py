"""One PutAuditEvents call: its channel, its events checked and stamped, durable in the journal, each once.

AWS documents no window in which an event that is sent again is known again. Ours: an event is its channel, its id and
its text. Its `eventID` follows from these, so that a repetition is always answered with the same one; and what came in
of late (recent.py) is not kept twice. That memory is this process's own, through which all calls go. After a start it
is filled from the end of the journal, where everything is that was under way when the process before it ended.
"""

import hashlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

from opentrail import limits
from opentrail.catalog.channels import ORIGIN, Channel, ChannelStatus
from opentrail.clock import Clock
from opentrail.intake import Intake
from opentrail.journal import Appended, Entries, Journal
from opentrail.lake.audit_events.event_data import AuditEvent, Refused, Stamp
from opentrail.lake.audit_events.recent import KEY_BYTES, RecentKeys
from opentrail.lake.channel_faults import AuditEventsNotKept, DuplicatedEventId
from opentrail.lake.channel_registry import ChannelRegistry
from opentrail.record.times import format_event_time
from opentrail.telemetry import logger

CATEGORY: Final = "ActivityAuditLog"

_LOG = logger("lake")
_READ_EVENTS: Final = 16_384

Output = Mapping[str, Any]


@dataclass(slots=True)
class _Checked:
    """What became of a call's events before anything is written."""

    successful: list[dict[str, str]]
    failed: list[dict[str, str]]
    keys: list[bytes]
    entries: Entries


class AuditEvents:
    """Takes audit events. Safe from any thread; one a data folder, since it knows what is under way."""

    def __init__(self, registry: ChannelRegistry, intake: Intake, journal: Journal, clock: Clock) -> None:
        self._registry = registry
        self._intake = intake
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: RecentKeys | None = None
        self._under_way: dict[bytes, Future[Appended]] = {}

    def put(self, channel_text: str, events: Sequence[AuditEvent], account: str, region: str) -> Future[Output]:
        """Take the events of one call, for a channel of `account`.

        The future's result is the answer, and all that it calls successful is on disk.
        Raises InvalidAuditChannel, NoSuchAuditChannel, MayNotPut, DuplicatedEventId; the future fails with
        AuditEventsNotKept where it is not known that they were kept, and they may be sent again.
        """
        channel = self._registry.find_to_put(channel_text, account, region)
        ids = [event.id for event in events]
        if len(set(ids)) < len(ids):
            twice = Counter(ids).most_common(1)[0][0]
            raise DuplicatedEventId(f"The event ID {twice} is in the request more than once.")
        now_us = self._clock.now_us()
        checked = _checked(channel, events, now_us, usable=self._registry.takes_events(channel))
        self._registry.note(channel.id, _status(checked, now_us))
        return self._kept(channel, checked)

    def _kept(self, channel: Channel, checked: _Checked) -> Future[Output]:
        answer: Future[Output] = Future()
        output: Output = {"successful": checked.successful, "failed": checked.failed}
        if not checked.keys:
            answer.set_result(output)
            return answer
        new: Future[Appended] = Future()
        with self._lock:
            waits, fresh = self._sorted_out(checked.keys, new)
        entries, keys = checked.entries, checked.keys
        if not all(fresh):
            entries, keys = entries.selected(fresh), list(compress(keys, fresh))
            self._intake.duplicates(len(fresh) - len(keys), channel.origin)
        if keys:
            waits.append(new)
            appended = self._intake.submit(entries, channel.origin)
            appended.add_done_callback(lambda done: self._settled(keys, new, done))
        _when_all_are_done(waits, lambda: _answer(answer, waits, output))
        return answer

    def _sorted_out(self, keys: Sequence[bytes], new: Future[Appended]) -> tuple[list[Future[Appended]], list[bool]]:
        """Whom to wait for, and which of `keys` are new, which are under way from now on. The lock is held."""
        if self._recent is None:
            self._recent = _remembered(self._journal)
        waits: list[Future[Appended]] = []
        fresh: list[bool] = []
        for key, is_known in zip(keys, self._recent.known(keys), strict=True):
            other = None if is_known else self._under_way.setdefault(key, new)
            fresh.append(other is new)
            if other is not None and other is not new and other not in waits:
                waits.append(other)
        return waits, fresh

    def _settled(self, keys: Sequence[bytes], new: Future[Appended], done: Future[Appended]) -> None:
        error = done.exception()
        with self._lock:
            for key in keys:
                del self._under_way[key]
            if error is None and self._recent is not None:
                self._recent.add(keys)
        if error is None:
            new.set_result(done.result())
        else:
            _LOG.error("audit events not kept", action="audit-events", events=len(keys), error=str(error))
            new.set_exception(error)


def _checked(channel: Channel, events: Sequence[AuditEvent], now_us: int, *, usable: bool) -> _Checked:
    """The events stamped, with their keys, and why others are refused."""
    stamp = Stamp(channel.account, channel.region, channel.arn, format_event_time(now_us))
    start = hashlib.blake2b(channel.id.encode(), digest_size=KEY_BYTES)
    checked = _Checked([], [], [], Entries.empty())
    entries = checked.entries
    for event in events:
        digest = start.copy()
        digest.update(f"{event.id}\0{event.eventData}".encode())
        key = _key(digest.digest())
        event_id = _as_uuid(key)
        try:
            if not usable:
                raise Refused("AccountNotSubscribed", "No event data store of the channel takes events.")
            body, time_us = stamp.stored(event, event_id)
        except Refused as refused:
            checked.failed.append({"id": event.id, "errorCode": refused.code, "errorMessage": refused.message})
            continue
        checked.successful.append({"id": event.id, "eventID": event_id})
        checked.keys.append(key)
        entries.times_us.append(time_us)
        entries.event_ids.append(event_id)
        entries.bodies.append(body)
    count = len(entries.bodies)
    entries.accounts.extend([channel.account] * count)
    entries.regions.extend([channel.region] * count)
    entries.categories.extend([CATEGORY] * count)
    return checked


def _key(digest: bytes) -> bytes:
    """The bytes of a UUID of version 8, "custom" (RFC 9562 5.8); 122 of its bits are the digest's."""
    key = bytearray(digest)
    key[6] = key[6] & 0x0F | 0x80
    key[8] = key[8] & 0x3F | 0x80
    return bytes(key)


def _as_uuid(key: bytes) -> str:
    text = key.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _remembered(journal: Journal) -> RecentKeys:
    """What came in last, as far as limits.AUDIT_EVENTS_SEARCHED reach back."""
    recent = RecentKeys()
    after = max(journal.trimmed_through(), journal.head() - limits.AUDIT_EVENTS_SEARCHED)
    while True:
        found = journal.read(after, _READ_EVENTS, origins=lambda origin: origin.startswith(ORIGIN))
        for batch in found:
            recent.add([bytes.fromhex(event_id.replace("-", "")) for event_id in batch.entries.event_ids])
        if found.through == after:
            return recent
        after = found.through


def _when_all_are_done(waits: Sequence[Future[Appended]], then: Callable[[], None]) -> None:
    left = itertools.count(len(waits) - 1, -1)  # counting down is one step of the interpreter, whichever thread does it

    def done(_: Future[Appended]) -> None:
        if next(left) == 0:
            then()

    if not waits:
        then()
    for future in waits:
        future.add_done_callback(done)


def _answer(answer: Future[Output], waits: Sequence[Future[Appended]], output: Output) -> None:
    failed = next((error for error in map(Future.exception, waits) if error is not None), None)
    if failed is None:
        answer.set_result(output)
        return
    fault = AuditEventsNotKept()
    fault.__cause__ = failed
    answer.set_exception(fault)


def _status(checked: _Checked, now_us: int) -> ChannelStatus:
    succeeded = checked.successful[-1]["eventID"] if checked.successful else None
    return ChannelStatus(
        attempted_at_us=now_us,
        attempted_event=succeeded,
        succeeded_at_us=now_us if succeeded is not None else None,
        succeeded_event=succeeded,
        error_code=checked.failed[-1]["errorCode"] if checked.failed else None,
    )
