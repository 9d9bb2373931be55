"""Intents that a crash left behind become events: an intent is the record that stands if its call is never seen to end.

Whoever announces a call writes into the intent's `additionalEventData` what is not known of it (see `Unended`). It is
appended byte for byte; the append ends the intent, so that this can be repeated after another crash and nothing is
recorded twice.
"""

from typing import Any, Literal, TypeVar

from msgspec.structs import replace

from opentrail import telemetry
from opentrail.intake.intake import Intake
from opentrail.journal import Journal
from opentrail.record.call_record import CallRecord
from opentrail.record.envelope import envelope
from opentrail.record.view import view

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


def record_unended(journal: Journal, intake: Intake) -> int:
    """Append what crashed servers left; how many events that made, all durable on return.

    To be called before calls are answered: later intents are of calls under way. Raises JournalUnwritable.
    """
    left = journal.intents()
    futures = [intake.finished(intent.body, envelope(view(intent.body)), ends_intent=intent.number) for intent in left]
    for future in futures:
        future.result()
    telemetry.OUTCOMES_UNKNOWN.inc(len(left))
    if left:
        _LOG.warning("calls were cut off by a crash", action="intents-recorded", calls=len(left))
    return len(left)
