"""Intents: the records that stand where a call is never seen to end."""

import json
from typing import Any

import pytest

from opentrail import telemetry
from opentrail.clock import SettableClock
from opentrail.intake import Intake, marked, record_unended
from opentrail.journal import Journal, JournalUnwritable
from tests.intake.test_intake import CALL, FullDisk
from tests.intake.test_intake import intake as intake
from tests.intake.test_intake import journal as journal


def _bodies(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(body) for batch in journal.read(0, 100) for body in batch.entries.bodies]


def test_an_intent_ends_with_its_record(intake: Intake, journal: Journal):
    number = intake.intend(CALL).result()
    assert journal.head() == 0 and len(journal.intents()) == 1
    intake.live(CALL, ends_intent=number).result()
    assert journal.intents() == [] and journal.head() == 1


def test_what_a_crash_left_becomes_one_event_each(intake: Intake, journal: Journal, clock: SettableClock):
    began = clock.now_us()
    intake.intend(marked(CALL, "outcome-unknown")).result()
    intake.intend(marked({**CALL, "additionalEventData": {"SignatureVersion": "SigV4"}}, "answer-interrupted")).result()
    left = [json.loads(intent.body) for intent in journal.intents()]
    clock.advance(3600)
    before = telemetry.OUTCOMES_UNKNOWN._value.get()
    assert record_unended(journal, intake) == 2
    assert telemetry.OUTCOMES_UNKNOWN._value.get() - before == 2
    recorded = _bodies(journal)
    assert recorded == left, "an intent is recorded byte for byte: its time and eventID too"
    assert recorded[0]["additionalEventData"] == {"outcome": "unknown"} and "errorCode" not in recorded[0]
    assert recorded[1]["additionalEventData"] == {"SignatureVersion": "SigV4", "answerInterrupted": True}
    assert {batch.entries.times_us[0] // 10**6 for batch in journal.read(0, 100)} == {began // 10**6}
    assert journal.intents() == []
    assert record_unended(journal, intake) == 0 and journal.head() == 2, "none twice"


def test_an_intent_of_a_call_that_never_began_is_withdrawn(intake: Intake, journal: Journal):
    stays = intake.intend(CALL).result()
    intake.withdraw(intake.intend({**CALL, "eventName": "DeleteBucket"}))
    last = intake.intend({**CALL, "eventName": "PutBucketPolicy"})
    intake.live(CALL, ends_intent=last.result()).result()
    assert [intent.number for intent in journal.intents()] == [stays]


def test_an_intent_that_the_disk_does_not_take_fails_its_future(intake: Intake, journal: Journal):
    with FullDisk(), pytest.raises(JournalUnwritable):
        intake.intend(CALL).result()
    assert journal.intents() == []
