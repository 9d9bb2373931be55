"""The one door: what it stamps, what it counts, and what it does while the journal cannot write."""

import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opentrail import limits, telemetry
from opentrail.clock import SettableClock
from opentrail.intake import Intake, SetAside
from opentrail.intake.event_ids import new_event_id
from opentrail.journal import Entries, EntriesRefused, Journal, JournalUnwritable
from opentrail.record.envelope import envelope
from opentrail.record.faults import BadRecord
from opentrail.record.view import view
from tests.journal.making import entries, open_journal, read_all

CALL: dict[str, Any] = {
    "userIdentity": {"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"},
    "eventSource": "s3.amazonaws.com",
    "eventName": "CreateBucket",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "192.0.2.7",
    "requestParameters": {"bucketName": "example"},
    "readOnly": False,
}


@pytest.fixture
def journal(tmp_path: Path, clock: SettableClock) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal", clock) as opened:
        yield opened


@pytest.fixture
def intake(journal: Journal, clock: SettableClock) -> Iterator[Intake]:
    opened = Intake(journal, clock, home_account="123456789012", home_region="us-east-1")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INTAKE_RETRY_SECONDS", 0.005)
    monkeypatch.setattr(limits, "JOURNAL_PROBE_SECONDS", 0.02)
    monkeypatch.setattr(limits, "JOURNAL_SPACE_SECONDS", 0.0)


class FullDisk:
    """No file of this process may grow while it lasts: the journal cannot write."""

    def __enter__(self) -> None:
        self._soft, self._hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, self._hard))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._soft, self._hard))


class Counts:
    """in, kept and refused since this was made."""

    def __init__(self, origin: str = "live") -> None:
        self._origin = origin
        self._before = self._now()

    def _now(self) -> tuple[float, float, dict[str, float]]:
        refused = {
            sample.labels["reason"]: sample.value
            for metric in telemetry.RECORDS_REFUSED.collect()
            for sample in metric.samples
            if sample.name.endswith("_total") and sample.labels["origin"] == self._origin
        }
        came_in = telemetry.RECORDS_IN.labels(self._origin)._value.get()
        return came_in, telemetry.RECORDS_KEPT.labels(self._origin)._value.get(), refused

    def since(self) -> tuple[int, int, dict[str, int]]:
        came_in, kept, refused = self._now()
        reasons = {reason: int(count - self._before[2].get(reason, 0)) for reason, count in refused.items()}
        return int(came_in - self._before[0]), int(kept - self._before[1]), {r: n for r, n in reasons.items() if n}


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.002)
    return False


def records(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(body) for batch in read_all(journal) for body in batch.entries.bodies]


def test_a_live_record_is_stamped_encoded_and_durable(journal: Journal, intake: Intake, clock):
    counts = Counts()
    appended = intake.live(CALL).result()
    (batch,) = read_all(journal)
    assert (appended.first, appended.last, batch.origin) == (1, 1, "live")
    (record,) = records(journal)
    assert record["eventVersion"] == "1.11" and record["eventTime"] == "2026-03-04T10:15:31Z"
    assert record["eventType"] == "AwsApiCall" and record["eventCategory"] == "Management"
    assert record["managementEvent"] is True and record["recipientAccountId"] == "111122223333"
    assert record["responseElements"] is None and next(iter(record)) == "eventVersion"
    assert {name: record[name] for name in CALL} == CALL
    assert eventually(lambda: counts.since() == (1, 1, {}))


def test_the_envelope_says_what_the_record_says(journal: Journal, intake: Intake, clock):
    clock.advance(0.75)
    intake.live(CALL).result()
    intake.live({**CALL, "eventCategory": "Data", "recipientAccountId": "444455556666"}).result()
    intake.live({**CALL, "awsRegion": None}, event_time_us=1_500_000_123_456).result()
    for batch in read_all(journal):
        for place, body in enumerate(batch.entries.bodies):
            about = envelope(view(body))
            part = batch.entries
            assert part.accounts[place] == about.account and part.regions[place] == about.region
            assert part.categories[place] == about.category and part.times_us[place] == about.time_us
            assert part.event_ids[place] == about.event_id
    assert records(journal)[1]["managementEvent"] is False
    assert records(journal)[2]["eventTime"] == "1970-01-18T08:40:00Z"


def test_event_ids_are_distinct_version_4_uuids():
    ids = [new_event_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    for text in ids:
        groups = [len(group) for group in text.split("-")]
        assert groups == [8, 4, 4, 4, 12] and text[14] == "4" and text[19] in "89ab"


def test_a_record_without_account_is_refused_and_counted(intake: Intake, journal: Journal):
    counts = Counts()
    with pytest.raises(BadRecord, match="accountId"):
        intake.live({**CALL, "userIdentity": {"type": "Root"}}).result()
    assert counts.since() == (1, 0, {"BadRecord": 1}) and journal.head() == 0


def test_foreign_records_keep_every_byte_and_bad_ones_are_set_aside(intake: Intake, journal: Journal):
    counts = Counts("import")
    good = b'{"eventID":"e1","eventTime":"2020-01-01T00:00:00Z","awsRegion":"us-west-2","x":1.10}'
    raws = [(0, good), (1, b'{"eventID":"e2"}'), (2, b"nonsense"), (5, good.replace(b"e1", b"e3"))]
    checked = intake.foreign(raws, "999988887777")
    assert checked.indexes == [0, 5] and checked.entries.bodies == [good, raws[3][1]]
    assert checked.entries.accounts == ["999988887777"] * 2 and checked.entries.event_ids == ["e1", "e3"]
    assert [aside.index for aside in checked.set_aside] == [1, 2]
    assert checked.set_aside[0] == SetAside(1, "eventTime is missing")
    assert all(aside.reason for aside in checked.set_aside)
    assert journal.head() == 0
    assert intake.append(checked.entries, "import").last == 2
    intake.duplicates(3, "import")
    assert counts.since() == (7, 2, {"BadRecord": 2, "Duplicate": 3})


def test_foreign_records_that_say_everything_themselves_are_kept_with_their_indexes(intake: Intake):
    say = (
        '{"eventID":"%s","eventTime":"2020-01-01T00:00:00Z","awsRegion":"r",'
        '"recipientAccountId":"1","eventCategory":"Data"}'
    )
    raws = [(3, (say % "a").encode()), (7, (say % "b").encode())]
    checked = intake.foreign(raws, "999988887777")
    assert checked.indexes == [3, 7] and checked.set_aside == []
    assert checked.entries == Entries(
        ["1", "1"], ["r", "r"], ["Data", "Data"], [1_577_836_800_000_000] * 2, ["a", "b"], [raw for _, raw in raws]
    )


def test_a_failed_bulk_append_is_the_callers_and_counted(intake: Intake):
    counts = Counts("channel")
    with FullDisk(), pytest.raises(JournalUnwritable):
        intake.append(entries(1, 2), "channel:abc")
    with pytest.raises(EntriesRefused):
        intake.append(Entries.empty(), "channel:abc")
    assert counts.since() == (2, 0, {"JournalUnwritable": 2}) and intake.waiting() == 0


def test_a_record_that_cannot_be_written_now_waits_and_is_written_once(intake: Intake, journal: Journal):
    counts = Counts()
    names = [f"Call{number}" for number in range(40)]
    with FullDisk():
        futures = [intake.live({**CALL, "eventName": name}) for name in names]
        for future in futures:
            with pytest.raises(JournalUnwritable):
                future.result()
        assert eventually(lambda: intake.waiting() == len(names))
        assert telemetry.RECORDS_WAITING._value.get() == len(names)
        time.sleep(0.05)
        assert intake.waiting() == len(names) and counts.since() == (len(names), 0, {})
    assert eventually(lambda: intake.waiting() == 0)
    assert [record["eventName"] for record in records(journal)] == names
    assert eventually(lambda: counts.since() == (len(names), len(names), {}))
    assert telemetry.RECORDS_WAITING._value.get() == 0


def test_an_intent_ends_although_its_record_had_to_wait(intake: Intake, journal: Journal):
    number = journal.submit_intent(b"about to happen").result()
    with FullDisk():
        assert intake.live(CALL, ends_intent=number).exception() is not None
    assert eventually(lambda: intake.waiting() == 0)
    assert journal.intents() == [] and journal.head() == 1


def test_what_waits_is_bounded_and_what_does_not_fit_is_counted(intake: Intake, monkeypatch):
    monkeypatch.setattr(limits, "INTAKE_WAITING_RECORDS", 3)
    counts = Counts()
    with FullDisk():
        for _ in range(5):
            assert intake.live(CALL).exception() is not None
        assert eventually(lambda: counts.since() == (5, 0, {"NoRoomToWait": 2}))
        assert intake.waiting() == 3
    assert eventually(lambda: counts.since() == (5, 3, {"NoRoomToWait": 2}))


def test_refused_calls_are_told_in_one_event_when_the_journal_can_write_again(intake: Intake, journal: Journal, clock):
    counts = Counts()
    refused = telemetry.CALLS_REFUSED.labels("JournalUnwritable")
    before = refused._value.get()
    with FullDisk():
        assert intake.live(CALL).exception() is not None
        for _ in range(7):
            intake.refuse()
            clock.advance(10)
        time.sleep(0.03)
    assert eventually(lambda: journal.head() == 2)
    assert refused._value.get() - before == 7
    call, event = records(journal)
    assert call["eventName"] == "CreateBucket"
    assert event["eventType"] == "AwsServiceEvent" and event["eventName"] == "JournalUnavailable"
    assert event["eventSource"] == "cloudtrail.amazonaws.com" and event["recipientAccountId"] == "123456789012"
    assert event["serviceEventDetails"] == {
        "from": "2026-03-04T10:15:31Z",
        "to": "2026-03-04T10:16:41Z",
        "callsRefused": 7,
    }
    assert eventually(lambda: counts.since() == (9, 2, {"JournalUnwritable": 7}))
    time.sleep(0.03)
    assert journal.head() == 2


def test_a_second_outage_has_an_event_of_its_own(intake: Intake, journal: Journal):
    intake.refuse()
    assert eventually(lambda: journal.head() == 1)
    intake.refuse()
    intake.refuse()
    assert eventually(lambda: sum(r["serviceEventDetails"]["callsRefused"] for r in records(journal)) == 3)


def test_close_makes_one_more_attempt_and_counts_what_is_lost(journal: Journal, clock):
    counts = Counts()
    intake = Intake(journal, clock)
    with FullDisk():
        assert intake.live(CALL).exception() is not None
        assert eventually(lambda: intake.waiting() == 1)
        assert intake.close() == 1
    assert counts.since() == (1, 0, {"Shutdown": 1})
    patient = Intake(journal, clock)
    with FullDisk():
        assert patient.live(CALL).exception() is not None
        assert eventually(lambda: patient.waiting() == 1)
    assert patient.close() == 0 and journal.head() == 1


def test_live_is_cheap(intake: Intake):
    """No bound on time, which a busy machine would break: no file is touched and no lock of the disk waited for."""
    with FullDisk():
        futures = [intake.live(CALL) for _ in range(100)]
        assert all(future.exception() is not None for future in futures)
    assert eventually(lambda: intake.waiting() == 0)
