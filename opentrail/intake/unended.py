"""Intents that a crash left behind become events: an intent is the record that stands if its call is never seen to end.

Whoever announces a call writes into the intent's `additionalEventData` what is not known of it (see `Unended`). It is
appended byte for byte, in one transaction with the intent's end and only if it is still there, so that this can be
repeated after another crash and nothing is recorded twice.
"""

from typing import Any, Literal, TypeVar

from msgspec.structs import replace

from opentrail import limits, telemetry
from opentrail.intake.intake import Intake
from opentrail.journal import IntentsEnded, Journal
from opentrail.record.call_record import CallRecord

_LOG = telemetry.logger("intake")

# The whole call may have been carried out, or not at all; or it was, and only the end of its answer is not known.
Unended = Literal["outcome-unknown", "answer-interrupted"]
_MARKS: dict[Unended, tuple[str, Any]] = {
    "outcome-unknown": ("outcome", "unknown"),
    "answer-interrupted": ("answerInterrupted", True),
}


AnyRecord = TypeVar("AnyRecord", CallRecord, dict[str, Any])


def marked(record: AnyRecord, unended: Unended) -> AnyRecord:
    """The record that stands when no more than `unended` is ever known of the call."""
    name, value = _MARKS[unended]
    if isinstance(record, CallRecord):
        return replace(record, additional_event_data={**(record.additional_event_data or {}), name: value})
    return {**record, "additionalEventData": {**(record.get("additionalEventData") or {}), name: value}}


def record_unended(journal: Journal, intake: Intake, writer: str | None = None) -> int:
    """Append what crashed servers left, or what `writer` of this one left; how many events that made, all durable.

    Of all writers only before calls are answered, of one only after its process has ended: other intents are of calls
    under way. However often and wherever it is done, even at once, none becomes two events. Raises JournalUnwritable,
    JournalCorrupt; what was recorded before that stays.
    """
    recorded = 0
    while left := journal.intents(writer, limits.INTENTS_RECORDED_TOGETHER):
        try:
            intake.unended(left)
        except IntentsEnded:
            continue  # somebody else has ended some of them: look what is left
        telemetry.OUTCOMES_UNKNOWN.inc(len(left))
        recorded += len(left)
    if recorded:
        _LOG.warning("calls were cut off by a crash", action="intents-recorded", calls=recorded, writer=writer)
    return recorded
