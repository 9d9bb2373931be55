"""One pass serves all trails: what is cut, when, under which name, and that nothing is lost or doubled by a crash."""

import contextlib
import json
from pathlib import Path

import msgspec
import pytest

from opentrail.catalog.database import READING
from opentrail.catalog.delivery_progress import read_progress
from opentrail.catalog.event_selectors import BasicSelector, Selectors
from opentrail.clock import SettableClock
from opentrail.logfile.keys import LogFileKey
from opentrail.objects.bucket import AccessDenied
from opentrail.trails.outbox import Outbox
from tests.trails.rig import ACCOUNT, HOME, Rig


def test_events_come_into_one_file_of_the_next_slot(rig: Rig) -> None:
    trail = rig.trail()
    rig.step()
    ids = rig.happen(5)
    rig.pass_time(200)  # 10:15:31 -> 10:18:51: the slot is not over
    assert rig.delivered("audit-bucket") == []
    rig.pass_time(100)  # 10:20:31
    [(key, records)] = rig.files("audit-bucket").items()
    assert [record["eventID"] for record in records] == ids
    assert key.startswith(f"AWSLogs/{ACCOUNT}/CloudTrail/{HOME}/2026/03/04/{ACCOUNT}_CloudTrail_{HOME}_20260304T1020Z_")
    assert rig.status(trail).delivered_at is not None
    assert not list(rig.outbox())


def test_records_keep_their_bytes(rig: Rig) -> None:
    rig.trail()
    rig.step()
    body = b'{"eventID":"odd","eventTime":"2026-03-04T10:15:31Z","b":1.0e+05,"a":"\\u00e9\\/","a":2}'
    from opentrail.journal import Entries

    rig.journal.append(Entries.one(ACCOUNT, HOME, "Management", rig.clock.now_us(), "odd", body), "live")
    rig.pass_time(300)
    [key] = rig.files("audit-bucket")
    assert rig.content("audit-bucket", key) == b'{"Records":[' + body + b"]}"


def test_files_hold_one_account_and_region(rig: Rig) -> None:
    rig.trail(multi_region=True)
    rig.step()
    here, there = rig.happen(3), rig.happen(2, awsRegion="eu-west-1")
    rig.happen(1, awsRegion="xx-nowhere-1")
    rig.pass_time(300)
    by_region = {LogFileKey.parse(key).region: records for key, records in rig.files("audit-bucket").items()}  # type: ignore[union-attr]
    assert {region: [r["eventID"] for r in records] for region, records in by_region.items()} == {
        HOME: here,
        "eu-west-1": there,
    }


def test_one_pass_serves_trails_with_different_selectors(rig: Rig) -> None:
    writes = Selectors(basic=(BasicSelector(read_write_type="WriteOnly"),))
    rig.trail("all")
    rig.trail("writes", selectors=writes)
    rig.step()
    reads, written = rig.happen(2, readOnly=True), rig.happen(2, readOnly=False)
    rig.pass_time(300)
    assert sorted(rig.delivered("all-bucket")) == sorted(reads + written)
    assert rig.delivered("writes-bucket") == written


def test_events_before_the_start_are_not_the_trail_s(rig: Rig) -> None:
    rig.happen(3)
    trail = rig.trail(logging=False)
    rig.happen(2)
    rig.step()
    trail = rig.change(trail, logging=True)
    ids = rig.happen(2)
    rig.pass_time(300)
    assert rig.delivered("audit-bucket") == ids


def test_a_change_takes_effect_at_its_position_even_where_it_is_learned_late(rig: Rig) -> None:
    trail = rig.trail()
    rig.step()
    first = rig.happen(2)
    head = rig.journal.head()
    second = rig.happen(2)
    # the follower has judged all four with the old version before it learns of the new one
    follower = rig.delivery.follower
    found = rig.journal.read(0, 1000)
    follower.handle(found, found.through)
    changed = rig.trails.replace(trail, _with(trail.trail, bucket="other-bucket"), head)
    rig.clients.named("other-bucket")
    rig.pass_time(300)
    assert changed.version == 2
    assert rig.delivered("audit-bucket") == first
    assert rig.delivered("other-bucket") == second


def test_a_stopped_trail_is_not_left_waiting_and_its_last_file_holds_the_stop(rig: Rig) -> None:
    trail = rig.trail()
    rig.step()
    ids = rig.happen(2) + rig.happen(1, eventSource="cloudtrail.amazonaws.com", eventName="StopLogging")
    rig.change(trail, logging=False)
    rig.happen(3)
    rig.pass_time(2, step=1)
    assert rig.delivered("audit-bucket") == ids


def test_imported_events_are_never_delivered(rig: Rig) -> None:
    rig.trail()
    rig.step()
    from opentrail.journal import Entries

    rig.journal.append(Entries.one(ACCOUNT, HOME, "Management", 1, "old", b"{}"), "import")
    rig.happen(1)
    rig.pass_time(300)
    assert rig.delivered("audit-bucket") == ["event-00001"]


@pytest.mark.parametrize("steps", range(1, 12))
def test_no_event_is_lost_or_doubled_wherever_the_worker_ends(
    rig: Rig, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends at the `steps`-th durable step of cut and delivery; a new one goes on."""
    rig.trail()
    rig.step()
    ids = rig.happen(4) + rig.happen(2, awsRegion=HOME)
    left = [steps]

    class Ended(BaseException):
        pass

    def counted(function):
        def call(*arguments, **named):
            left[0] -= 1
            if left[0] == 0:
                raise Ended
            result = function(*arguments, **named)
            left[0] -= 1
            if left[0] == 0:
                raise Ended
            return result

        return call

    with monkeypatch.context() as patch:
        from opentrail.trails import cutting, file_delivery
        from opentrail.trails.outbox import Outbox

        patch.setattr(Outbox, "keep", counted(Outbox.keep))
        patch.setattr(Outbox, "drop", counted(Outbox.drop))
        patch.setattr(cutting, "write_progress", counted(cutting.write_progress))
        patch.setattr(file_delivery, "settle", counted(file_delivery.settle))
        bucket = rig.clients.named("audit-bucket")
        patch.setattr(bucket, "put", counted(bucket.put))
        with contextlib.suppress(Ended):
            rig.pass_time(300)
    rig.start()
    ids += rig.happen(2)
    rig.pass_time(600)
    assert sorted(rig.delivered("audit-bucket")) == sorted(ids)
    assert not list(rig.outbox())


def test_a_trail_whose_bucket_is_down_for_days_holds_up_no_other(tmp_path: Path, clock: SettableClock) -> None:
    rig = Rig(tmp_path, clock, interval_s=6 * 3600.0)
    broken, well = rig.trail("broken"), rig.trail("well")
    rig.step()
    rig.clients.named("broken-bucket").refusing = AccessDenied()
    ids = []
    for _ in range(4 * 3):
        ids += rig.happen(1)
        rig.pass_time(6 * 3600, step=3 * 3600)
    assert rig.delivered("well-bucket") == ids
    assert rig.status(well).delivery_error is None
    assert rig.status(broken).delivery_error == "AccessDenied" and rig.status(broken).delivered_at is None
    with rig.engine.connect().execution_options(**READING) as connection:
        position, _ = read_progress(connection)
    assert position == rig.journal.head()  # the journal is not held
    rig.clients.named("broken-bucket").refusing = None
    rig.pass_time(600)
    assert rig.delivered("broken-bucket") == ids
    assert rig.status(broken).delivery_error is None
    rig.close()


def test_a_file_that_nobody_takes_is_given_up_after_thirty_days(tmp_path: Path, clock: SettableClock) -> None:
    rig = Rig(tmp_path, clock)
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    rig.happen(1)
    rig.pass_time(600)
    rig.clock.advance(30 * 86_400)
    rig.step()
    bucket.refusing = None
    later = rig.happen(1)
    rig.pass_time(900)
    assert rig.delivered("audit-bucket") == later and not list(rig.outbox())
    rig.close()


def test_a_put_without_an_answer_is_looked_for_before_it_is_repeated(rig: Rig) -> None:
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.losing_answers = 1
    ids = rig.happen(1)
    rig.pass_time(600)
    assert rig.delivered("audit-bucket") == ids
    assert len(bucket.puts()) == 1  # a versioned bucket has one version


def test_a_trail_that_the_outbox_has_no_room_for_waits_in_the_journal(tmp_path: Path, clock: SettableClock) -> None:
    rig = Rig(tmp_path, clock, outbox_bytes=1000)
    rig.trail("broken")
    rig.trail("well")
    rig.step()
    rig.clients.named("broken-bucket").refusing = AccessDenied()
    ids = []
    for number in range(12):
        ids += rig.happen(3, requestParameters=json.dumps([number] * 50))
        rig.pass_time(300)
    waiting = sum(path.stat().st_size for path in rig.outbox())
    assert waiting < 3000 and rig.delivered("well-bucket") == ids
    with rig.engine.connect().execution_options(**READING) as connection:
        assert read_progress(connection)[0] < rig.journal.head()  # the journal keeps what the trail needs
    rig.clients.named("broken-bucket").refusing = None
    rig.pass_time(3600)
    assert sorted(rig.delivered("broken-bucket")) == sorted(ids)
    rig.close()


def test_a_disk_that_is_nearly_full_leaves_events_in_the_journal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from opentrail.trails.outbox import Outbox

    rig.trail()
    rig.step()
    ids = rig.happen(3)
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "free_bytes", lambda self: 1000)
        rig.pass_time(900)
        assert not list(rig.outbox()) and rig.delivered("audit-bucket") == []
        with rig.engine.connect().execution_options(**READING) as connection:
            assert read_progress(connection)[0] < rig.journal.head()
    rig.pass_time(600)
    assert rig.delivered("audit-bucket") == ids


def test_an_organization_s_trail_has_files_and_digests_of_every_account(tmp_path: Path, clock: SettableClock) -> None:
    member = "222233334444"
    rig = Rig(tmp_path, clock, members=(ACCOUNT, member))
    rig.trail(organization_id="o-exampleorg1", validation=True)
    rig.step()
    mine, theirs = rig.happen(1), rig.happen(2, recipientAccountId=member)
    rig.happen(1, recipientAccountId="999999999999")
    rig.pass_time(3700, step=300)
    found = {key: [r["eventID"] for r in records] for key, records in rig.files("audit-bucket").items()}
    assert sorted(found.values()) == [mine, theirs]
    for account in (ACCOUNT, member):
        folder = f"AWSLogs/o-exampleorg1/{account}/"
        assert any(key.startswith(folder + "CloudTrail/") for key in found)
        digests = [key for key in rig.digests("audit-bucket") if key.startswith(folder + "CloudTrail-Digest/")]
        assert len(digests) == 1
    rig.close()


def test_a_full_file_does_not_wait_for_the_slot(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from opentrail import limits

    monkeypatch.setattr(limits, "LOG_FILE_CUT_BYTES", 5000)
    monkeypatch.setattr(limits, "LOG_FILE_INFLATED_BYTES", 2000)
    rig.trail()
    rig.step()
    ids = rig.happen(30)
    rig.step()
    files = rig.files("audit-bucket")
    assert len(files) > 2 and [record["eventID"] for records in files.values() for record in records] != []
    assert all(len(rig.content("audit-bucket", key)) <= 2000 for key in files)
    rig.pass_time(300)
    assert sorted(rig.delivered("audit-bucket")) == sorted(ids)


def test_a_deleted_trail_is_forgotten_once_its_last_file_is_delivered(rig: Rig) -> None:
    trail = rig.trail()
    rig.step()
    ids = rig.happen(2)
    rig.delete(trail)
    again = rig.trail()  # its name is free at once
    rig.happen(1)
    rig.pass_time(5, step=1)
    assert [version.trail_id for version in rig.trails.all_versions()] == [again.trail_id]
    assert rig.delivered("audit-bucket") == ids


def _with(trail, **members):
    import msgspec

    return msgspec.structs.replace(trail, **members)


def test_changes_in_the_middle_of_every_cut_hold_up_no_trail(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = [rig.trail(), rig.trail("other")]
    rig.step()
    seal = Outbox.seal

    def sealing(outbox: Outbox) -> None:
        seal(outbox)
        newest[0] = rig.change(newest[0], recursive_logging=not newest[0].trail.recursive_logging)

    monkeypatch.setattr(Outbox, "seal", sealing)
    ids = []
    for _ in range(3):
        ids += rig.happen(2)
        rig.pass_time(300)
    assert newest[0].version > 3
    for bucket in ("audit-bucket", "other-bucket"):
        assert sorted(rig.delivered(bucket)) == ids


def test_a_stop_in_the_middle_of_a_cut_is_the_end_of_what_is_cut(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    trail = rig.trail()
    rig.step()
    seal = Outbox.seal
    before = rig.happen(2)
    position = rig.journal.head()
    rig.happen(2)

    def sealing(outbox: Outbox) -> None:
        seal(outbox)
        monkeypatch.setattr(Outbox, "seal", seal)
        rig.trails.replace(trail, msgspec.structs.replace(trail.trail, logging=False), position)

    monkeypatch.setattr(Outbox, "seal", sealing)
    rig.pass_time(300)
    assert sorted(rig.delivered("audit-bucket")) == before


def test_versions_of_a_validated_trail_that_is_changed_for_years_do_not_pile_up(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    ids = []
    for _ in range(12):
        rig.step()
        ids += rig.happen(1)
        trail = rig.change(trail, recursive_logging=not trail.trail.recursive_logging)
        rig.pass_time(3600, step=600)
    assert len(rig.trails.all_versions()) <= 4
    rig.start()
    ids += rig.happen(1)
    rig.pass_time(3600, step=600)
    assert sorted(rig.delivered("audit-bucket")) == ids
    digests = rig.digests("audit-bucket").values()
    assert len([digest for digest in digests if digest["previousDigestS3Object"] is None]) == 1
