"""Intents that a crash left behind become events: the call had acted, how its answer ended is not known.

An intent is the record as it stood when the answer began. It is appended as it is but for one member,
`additionalEventData.answerInterrupted`; the append ends the intent, so that this can be repeated after another crash.
"""

import msgspec

from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.record.encoding import encode
from opentrail.record.envelope import envelope
from opentrail.record.view import view
from opentrail.telemetry import logger

_LOG = logger("recorder")


def record_interrupted(journal: Journal, intake: Intake) -> int:
    """Append what crashed servers left; how many events that made, all durable on return.

    To be called before calls are answered: later intents are of calls under way. Raises JournalUnwritable.
    """
    left = journal.intents()
    futures = []
    for intent in left:
        fields = msgspec.json.decode(intent.body)
        fields["additionalEventData"] = {**(fields.get("additionalEventData") or {}), "answerInterrupted": True}
        body = encode(fields)
        futures.append(intake.finished(body, envelope(view(body)), ends_intent=intent.number))
    for future in futures:
        future.result()
    if left:
        _LOG.warning("answers were cut off by a crash", action="intents-recorded", calls=len(left))
    return len(left)
