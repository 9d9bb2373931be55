"""Runs of imports: every record once, whatever breaks them off; failures told, and mended by another try."""

import gzip
from collections.abc import Iterator

import pytest

from opentrail import limits
from opentrail.catalog.lake_imports import LakeImports
from opentrail.journal import Entries
from opentrail.objects.bucket import AccessDenied, NoSuchKey, Unreachable
from tests.lake.imports.import_room import ACCOUNT, LOGS, REGION, ImportRoom, log_file, log_key, record


def ids(start: int, stop: int) -> list[str]:
    return [f"event-{number}" for number in range(start, stop)]


def records(start: int, stop: int, **fields: str) -> list[bytes]:
    return [record(number, **fields) for number in range(start, stop)]


def fill(room: ImportRoom, days: int = 3, files: int = 4, of_each: int = 10) -> int:
    """Log files of several days; how many records they hold."""
    number = 0
    for day in range(1, days + 1):
        for file in range(files):
            raws = records(number, number + of_each)
            room.put(log_key(f"2026/03/{day:02}", f"10{file:02}"), log_file(raws))
            number += of_each
    return number


def test_everything_comes_into_the_journal_for_the_store_alone(room):
    total = fill(room)
    found = room.import_all()
    assert found.status == "COMPLETED"
    assert room.event_ids() == ids(0, total)
    told = room.statistics(found)
    assert (told.prefixes_found, told.prefixes_completed, told.files, told.events, told.failed) == (3, 3, 12, total, 0)
    (batch, *_) = room.journal.read(0, 10)
    assert batch.origin == f"import:{room.store.id}"
    assert (batch.entries.accounts[0], batch.entries.regions[0]) == (ACCOUNT, REGION)


def test_records_keep_their_bytes(room):
    raw = b'{"eventTime":"2026-03-04T10:15:31Z","eventID":"x","odd":1.50,"list":[ 1 ]}'
    room.put(log_key(), log_file([raw]))
    room.import_all()
    (batch,) = room.journal.read(0, 10)
    assert batch.entries.bodies == [raw]
    assert batch.entries.accounts == [ACCOUNT], "from the file's place"


def test_only_what_lies_below_cloudtrail_is_meant_unless_the_uri_says_so(room):
    room.put(log_key(), log_file(records(0, 1)))
    insight = (
        f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/{REGION}/2026/03/04/{ACCOUNT}_CloudTrail-Insight_{REGION}_x.json.gz"
    )
    room.put(insight, log_file(records(1, 2)))
    room.put(f"AWSLogs/{ACCOUNT}/Config/{REGION}/2026/3/4/x.json.gz", log_file(records(2, 3)))
    room.put(f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/03/04/d.json.gz", gzip.compress(b"{}"))
    room.put("elb/2026/x.gz", gzip.compress(b"GET /"))
    assert room.import_all().status == "COMPLETED"
    assert room.event_ids() == ids(0, 1)
    assert room.import_all(f"s3://logs/AWSLogs/{ACCOUNT}/CloudTrail-Insight/").status == "COMPLETED"
    assert room.event_ids() == ids(0, 2)


def test_an_organization_s_layout_and_a_prefix(room):
    for number, account in enumerate(("111122223333", "444455556666")):
        name = f"{account}_CloudTrail_{REGION}_20260304T1015Z_{'b' * 16}.json.gz"
        key = f"trail/AWSLogs/o-exampleorg/{account}/CloudTrail/{REGION}/2026/03/04/{name}"
        room.put(key, log_file([record(number, recipientAccountId=account)]))
    found = room.import_all("s3://logs/trail")
    assert (found.status, room.statistics(found).prefixes_found) == ("COMPLETED", 2)
    assert room.event_ids() == ids(0, 2)


def test_files_of_a_bucket_without_the_layout_are_one_prefix(room):
    room.put("copies/a.json.gz", log_file(records(0, 2)))
    room.put("copies/deeper/b.json.gz", log_file(records(2, 4)))
    found = room.import_all("s3://logs/copies/")
    assert (found.status, room.event_ids()) == ("COMPLETED", ids(0, 4))
    assert room.statistics(found).prefixes_found == 1


def test_a_range_of_time_is_held_against_folders_names_and_events(room):
    march = 1_772_323_200_000_000  # 2026-03-01T00:00:00Z
    day = 86_400_000_000
    for number in range(1, 6):
        raws = [record(10 * number + hour, f"2026-03-{number:02}T{hour:02}:00:00Z") for hour in range(10)]
        room.put(log_key(f"2026/03/{number:02}", "1200"), log_file(raws))
    room.put(log_key("2026/03/02", "1300", "late" * 4).replace("20260302", "20260209"), log_file(records(900, 901)))
    found = room.import_all(StartEventTime=march + day, EndEventTime=march + 3 * day + 3_600_000_000)
    assert room.statistics(found).prefixes_found == 3
    assert room.event_ids() == [*ids(20, 30), *ids(30, 40), *ids(40, 42)]


def test_what_has_served_its_time_is_left_out(room):
    room.store = room.add_store(retention_days=7)
    room.put(log_key(), log_file([record(0, "2026-02-20T00:00:00Z"), record(1, "2026-03-04T00:00:00Z")]))
    found = room.import_all()
    assert (room.event_ids(), room.statistics(found).events) == (ids(1, 2), 1)


def test_failures_are_told_by_file_and_the_rest_goes_in(room):
    whole = log_file(records(50, 60))
    room.put(log_key(unique="a" * 16), log_file(records(0, 5)))
    room.put(log_key(unique="b" * 16), b'{"Records":[' + record(5) + b"]}")
    room.put(log_key(unique="c" * 16), gzip.compress(b"not a log file"))
    room.put(log_key(unique="d" * 16), whole[:-30])
    room.put(log_key(unique="e" * 16), log_file([record(10), b"17", record(11, eventTime=""), record(12)]))
    room.put(log_key(unique="f" * 16), b"")
    room.put(log_key(unique="g" * 16), log_file(records(20, 25)))
    found = room.import_all()
    assert found.status == "FAILED"
    assert set(ids(0, 5) + ids(20, 25)) | {"event-10", "event-12"} <= set(room.event_ids())
    failures = {failure.key[-9]: failure for failure in room.failures(found)}
    assert {name: failure.error_type for name, failure in failures.items()} == {
        "b": "UncompressedFile",
        "c": "InvalidLogFile",
        "d": "DamagedFile",
        "e": "InvalidRecords",
        "f": "UncompressedFile",
    }
    assert failures["e"].missing == (1, 2)
    assert {failure.status for failure in failures.values()} == {"FAILED"}
    told = room.statistics(found)
    assert (told.files, told.failed, told.prefixes_completed) == (2, 5, 1)


def test_another_try_brings_what_was_missing_and_nothing_twice(room):
    bad = log_key(unique="b" * 16)
    room.put(log_key(unique="a" * 16), log_file(records(0, 5)))
    room.put(bad, log_file([record(10), b"17", record(12)]))
    gone = room.put(log_key(unique="c" * 16), b"torn")
    found = room.import_all()
    assert sorted(room.event_ids()) == sorted([*ids(0, 5), "event-10", "event-12"])
    room.put(bad, log_file([record(10), record(11), record(12)]))
    gone.unlink()
    room.imports.start({"ImportId": found.id}, ACCOUNT, REGION)
    assert {failure.status for failure in room.failures(found)} == {"RETRY"}
    again = room.run(found)
    assert again.status == "FAILED"
    statuses = {failure.key[-9]: (failure.status, failure.error_type) for failure in room.failures(found)}
    assert statuses == {"b": ("SUCCEEDED", "InvalidRecords"), "c": ("FAILED", "NoSuchKey")}
    assert sorted(room.event_ids()) == sorted([*ids(0, 5), *ids(10, 13)])
    gone.write_bytes(log_file(records(20, 22)))
    room.imports.start({"ImportId": found.id}, ACCOUNT, REGION)
    assert room.run(found).status == "COMPLETED"
    assert sorted(room.event_ids()) == sorted([*ids(0, 5), *ids(10, 13), *ids(20, 22)])
    told = room.statistics(found)
    assert (told.files, told.events, told.failed) == (3, 10, 0)


class Stopped(Exception):
    """The process ends here, as by kill -9."""


class Fragile(LakeImports):
    """A ledger whose process ends before or after the n-th word to it."""

    def __init__(self, room: ImportRoom, ends_at: int, *, after: bool) -> None:
        super().__init__(room.engine)
        self._left = ends_at
        self._after = after

    def record(self, *told, **more) -> bool:
        self._left -= 1
        if self._left < 0 and not self._after:
            raise Stopped
        answer = super().record(*told, **more)
        if self._left < 0:
            raise Stopped
        return answer


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("ends_at", [0, 1, 2, 3, 5])
def test_a_run_that_is_broken_off_anywhere_goes_on_without_gap_or_double(room, monkeypatch, ends_at, after):
    monkeypatch.setattr(limits, "JOURNAL_BATCH_EVENTS", 16)
    total = fill(room, days=3, files=5, of_each=7)
    found = room.start()
    with pytest.raises(Stopped):
        room.run(found, Fragile(room, ends_at, after=after))
    assert room.run(found).status == "COMPLETED"
    assert room.event_ids() == ids(0, total)
    assert room.statistics(found).events == total
    assert room.statistics(found).files == 15


@pytest.mark.parametrize("ends_at", [1, 2, 3])
def test_a_long_file_goes_on_in_its_middle(room, monkeypatch, ends_at):
    monkeypatch.setattr(limits, "IMPORT_CHUNK_BYTES", 4096)
    monkeypatch.setattr(limits, "JOURNAL_BATCH_EVENTS", 40)
    raws = records(0, 300)
    raws[7] = b"null"
    room.put(log_key(), log_file(raws))
    found = room.start()
    for _ in range(3):
        with pytest.raises(Stopped):
            room.run(found, Fragile(room, ends_at, after=False))
    found = room.run(found)
    assert found.status == "FAILED"
    assert [failure.missing for failure in room.failures(found)] == [(7,)]
    assert room.event_ids() == [event_id for event_id in ids(0, 300) if event_id != "event-7"]
    assert room.statistics(found).events == 299


def test_equal_events_of_two_files_stay_two_also_when_it_was_broken_off(room, monkeypatch):
    monkeypatch.setattr(limits, "JOURNAL_BATCH_EVENTS", 4)
    room.put(log_key(unique="a" * 16), log_file(records(0, 4)))
    room.put(log_key(unique="b" * 16), log_file(records(0, 4)))
    found = room.start()
    with pytest.raises(Stopped):
        room.run(found, Fragile(room, 1, after=False))
    room.run(found)
    assert room.event_ids() == ids(0, 4) * 2, "copies are copied, as AWS does"


def test_a_stop_is_seen_and_another_try_goes_on(room, monkeypatch):
    monkeypatch.setattr(limits, "JOURNAL_BATCH_EVENTS", 10)
    total = fill(room)

    class StopsItself(LakeImports):
        words = 0

        def record(self, *told, **more) -> bool:
            self.words += 1
            if self.words == 3:
                self.end(told[0], "STOPPED", 1)
            return super().record(*told, **more)

    found = room.start()
    stopped = room.run(found, StopsItself(room.engine))
    assert stopped.status == "STOPPED"
    assert 0 < len(room.event_ids()) < total
    room.imports.start({"ImportId": found.id}, ACCOUNT, REGION)
    assert room.run(found).status == "COMPLETED"
    assert room.event_ids() == ids(0, total)


class Failing:
    """A bucket whose first so many answers are faults."""

    def __init__(self, bucket, faults: Iterator[Exception], what: str = "get") -> None:
        self._bucket = bucket
        self._faults = faults
        self._what = what

    def __getattr__(self, name: str):
        fault = next(self._faults, None) if name == self._what else None
        if fault is not None:
            raise fault
        return getattr(self._bucket, name)


@pytest.mark.parametrize("what", ["get", "list", "folders"])
def test_a_bucket_that_is_away_is_waited_for(room, what):
    total = fill(room)
    faults = iter([Unreachable("no answer") for _ in range(4)])
    room.buckets.wrap = lambda bucket: Failing(bucket, faults, what)
    room.when_paused = lambda: False
    found = room.import_all()
    assert found.status == "COMPLETED"
    assert room.event_ids() == ids(0, total)
    assert len(room.pauses) == 4
    assert room.pauses == sorted(room.pauses), "later each time"


def test_a_process_that_is_to_end_leaves_the_import_for_the_next_one(room):
    total = fill(room)
    room.buckets.wrap = lambda bucket: Failing(bucket, iter([Unreachable("no answer")]))
    found = room.import_all()
    assert found.status == "IN_PROGRESS"
    room.buckets.wrap = lambda bucket: bucket
    assert room.run(found).status == "COMPLETED"
    assert room.event_ids() == ids(0, total)


def test_an_object_that_may_not_be_read_is_one_failure(room):
    total = fill(room)
    faults = iter([AccessDenied("you may not"), NoSuchKey("gone")])
    room.buckets.wrap = lambda bucket: Failing(bucket, faults)
    found = room.import_all()
    assert [failure.error_type for failure in room.failures(found)] == ["AccessDenied", "NoSuchKey"]
    assert room.event_ids() == ids(20, total)


def test_a_bucket_that_may_not_be_listed_fails_and_another_try_goes_on(room):
    total = fill(room)
    faults = iter([AccessDenied("you may not")])
    room.buckets.wrap = lambda bucket: Failing(bucket, faults, "folders")
    found = room.import_all()
    assert found.status == "FAILED"
    assert [(one.key, one.error_type) for one in room.failures(found)] == [("/", "AccessDenied")]
    room.imports.start({"ImportId": found.id}, ACCOUNT, REGION)
    assert room.run(found).status == "COMPLETED"
    assert room.event_ids() == ids(0, total)
    assert [one.status for one in room.failures(found)] == ["SUCCEEDED"]
    assert room.statistics(found).files == 12


def test_a_prefix_that_may_not_be_listed_fails_alone(room):
    total = fill(room)
    faults = iter([AccessDenied("you may not")])
    room.buckets.wrap = lambda bucket: Failing(bucket, faults, "list")
    found = room.import_all()
    assert [one.key for one in room.failures(found)] == [f"{LOGS}{REGION}/2026/03/01/"]
    assert room.event_ids() == ids(40, total)
    room.imports.start({"ImportId": found.id}, ACCOUNT, REGION)
    assert room.run(found).status == "COMPLETED"
    assert sorted(room.event_ids()) == sorted(ids(0, total))


def test_an_import_does_not_run_far_ahead_of_the_stores(room, monkeypatch):
    monkeypatch.setattr(limits, "IMPORT_AHEAD_EVENTS", 20)
    monkeypatch.setattr(limits, "JOURNAL_BATCH_EVENTS", 10)
    total = fill(room)
    room.journal.append(Entries.one(ACCOUNT, REGION, "Management", 1, "e", b"{}"), "live")
    room.journal.set_position("lake", 1)

    def caught_up() -> bool:
        room.journal.set_position("lake", room.journal.head())
        return False

    room.when_paused = caught_up
    assert room.import_all().status == "COMPLETED"
    assert room.event_ids() == ids(0, total)
    assert room.pauses


def test_an_empty_bucket_is_an_import_of_nothing(room):
    (room.folder / "buckets" / "logs").mkdir(parents=True)
    found = room.import_all()
    assert (found.status, room.statistics(found).files) == ("COMPLETED", 0)


def test_a_bucket_that_is_gone_fails_the_import(room):
    found = room.import_all("s3://elsewhere/")
    assert found.status == "FAILED"
    assert [(one.key, one.error_type) for one in room.failures(found)] == [("/", "NoSuchBucket")]
