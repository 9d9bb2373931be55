"""Intents: the records that stand where a call is never seen to end."""

import json
from pathlib import Path
from typing import Any

import pytest

from opentrail import limits, telemetry
from opentrail.clock import SettableClock, SystemClock
from opentrail.intake import Intake, marked, record_unended
from opentrail.journal import Intent, Journal, JournalUnwritable
from tests.intake.test_intake import CALL, FullDisk
from tests.intake.test_intake import intake as intake
from tests.intake.test_intake import journal as journal


def _bodies(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(body) for batch in journal.read(0, 1000) for body in batch.entries.bodies]


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


def test_what_one_process_left_becomes_events_and_calls_of_others_go_on(
    intake: Intake, journal: Journal, tmp_path: Path
):
    unknown = marked(CALL, "outcome-unknown")
    with Journal.open(tmp_path / "journal", SystemClock(), reserve_bytes=0, writer="calls-2.1") as killed:
        dead = Intake(killed, SystemClock())
        left = [dead.intend({**unknown, "eventName": f"Call{n}"}) for n in range(2 * limits.INTENTS_RECORDED_TOGETHER)]
        assert all(future.result() for future in left)
        dead.close()
    own = intake.intend(unknown).result()
    assert record_unended(journal, intake, "calls-3.1") == 0
    assert record_unended(journal, intake, "calls-2.1") == len(left)
    assert [body["eventName"] for body in _bodies(journal)] == [f"Call{n}" for n in range(len(left))]
    assert [intent.number for intent in journal.intents()] == [own]
    intake.live(CALL, ends_intent=own).result()
    assert record_unended(journal, intake) == 0 and len(_bodies(journal)) == len(left) + 1


def test_what_is_recorded_twice_at_once_is_one_event_each(
    intake: Intake, journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    futures = [intake.intend(marked({**CALL, "eventName": f"Call{n}"}, "outcome-unknown")) for n in range(5)]
    numbers = [future.result() for future in futures]
    read, rivals = journal.intents, [numbers[0], numbers[3]]

    def read_before_a_rival(*about: Any) -> list[Intent]:
        left = read(*about)
        if rivals:
            intake.live({**CALL, "eventName": "Rival"}, ends_intent=rivals.pop()).result()
        return left

    monkeypatch.setattr(journal, "intents", read_before_a_rival)
    assert record_unended(journal, intake) == 3
    assert sorted(body["eventName"] for body in _bodies(journal)) == ["Call1", "Call2", "Call4", "Rival", "Rival"]


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
