"""Digests: a chain for each account and Region, signed, without gaps, closed and begun anew with the trail."""

import hashlib
import itertools
from pathlib import Path
from typing import Any

import pytest

from opentrail.clock import SettableClock
from opentrail.logfile import digest as digest_file
from opentrail.logfile.signature import verify
from opentrail.objects.bucket import AccessDenied
from tests.trails.rig import ACCOUNT, HOME, Rig


def chain(rig: Rig, bucket: str, region: str = HOME) -> list[dict[str, Any]]:
    """The regular digests of a Region, in order of time, each verified with the keys that are listed."""
    digests = [digest for key, digest in rig.digests(bucket, region).items() if "_backfill" not in key]
    for digest in digests:
        assert verified(rig, bucket, digest["digestS3Object"], region)
    return sorted(digests, key=lambda digest: digest["digestEndTime"])


def verified(rig: Rig, bucket: str, key: str, region: str) -> bool:
    stored = rig.clients.named(bucket).inner.head(key)
    assert stored is not None
    content = rig.content(bucket, key)
    digest = digest_file.read(content)
    keys = {public.fingerprint: public for public in rig.keys.listed(region)}

    sha256 = hashlib.sha256(content).hexdigest()
    return verify(keys[digest.digest_public_key_fingerprint].rsa, digest, sha256, stored.metadata["signature"])


def linked(digests: list[dict[str, Any]]) -> bool:
    """Whether each names the one before, without a gap."""
    return all(
        after["previousDigestS3Object"] == before["digestS3Object"]
        and after["digestStartTime"] == before["digestEndTime"]
        for before, after in itertools.pairwise(digests)
    )


def test_every_hour_has_a_digest_in_every_region_also_when_nothing_happens(rig: Rig) -> None:
    trail = rig.trail(validation=True, multi_region=True)
    rig.step()
    ids = rig.happen(2)
    rig.pass_time(3 * 3600 + 60, step=600)
    for region in ("us-east-1", "eu-west-1"):
        digests = chain(rig, "audit-bucket", region)
        assert [d["digestStartTime"] for d in digests] == [f"2026-03-04T1{hour}:15:31Z" for hour in (0, 1, 2)]
        assert linked(digests) and digests[0]["previousDigestSignature"] is None
    [entry] = [entry for digest in chain(rig, "audit-bucket") for entry in digest["logFiles"]]
    assert [r["eventID"] for r in rig.files("audit-bucket")[entry["s3Object"]]] == ids
    assert all(digest["logFiles"] == [] for digest in chain(rig, "audit-bucket", "eu-west-1"))
    assert rig.status(trail).digest_at is not None


def test_every_delivered_file_is_in_exactly_one_digest(rig: Rig) -> None:
    rig.trail(validation=True)
    rig.step()
    for _ in range(30):
        rig.happen(1)
        rig.pass_time(400, step=200)
    rig.pass_time(3600, step=300)
    named = [entry["s3Object"] for digest in chain(rig, "audit-bucket") for entry in digest["logFiles"]]
    assert sorted(named) == sorted(rig.files("audit-bucket")) and len(named) > 10


def test_a_new_key_takes_over_in_the_middle_of_a_chain(rig: Rig) -> None:
    rig.trail(validation=True)
    rig.step()
    rig.pass_time(3600, step=600)
    rig.keys.rotate([HOME])
    rig.pass_time(3600, step=600)
    digests = chain(rig, "audit-bucket")
    assert linked(digests) and len({digest["digestPublicKeyFingerprint"] for digest in digests}) == 2


def test_stopping_closes_the_chain_and_starting_begins_another(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    rig.pass_time(3600, step=600)
    rig.happen(1)
    trail = rig.change(trail, logging=False)
    rig.pass_time(10, step=1)
    digests = chain(rig, "audit-bucket")
    assert len(digests) == 2 and linked(digests) and len(digests[1]["logFiles"]) == 1
    rig.pass_time(3600, step=600)
    assert len(chain(rig, "audit-bucket")) == 2  # no digest covers a time without logging
    rig.change(trail, logging=True)
    rig.step()
    rig.pass_time(2 * 3600 + 60, step=600)
    digests = chain(rig, "audit-bucket")
    assert len(digests) == 4 and linked(digests[2:]) and digests[2]["previousDigestS3Object"] is None


def test_validation_off_and_on_restarts_the_chain(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    rig.happen(1)
    rig.pass_time(3700, step=600)
    trail = rig.change(trail, validation=False)
    ids = rig.happen(1)
    rig.pass_time(900, step=100)
    assert len(chain(rig, "audit-bucket")) == 2
    rig.change(trail, validation=True)
    rig.step()
    rig.pass_time(3700, step=600)
    digests = chain(rig, "audit-bucket")
    assert len(digests) == 3 and digests[2]["previousDigestSignature"] is None
    named = {entry["s3Object"] for digest in digests for entry in digest["logFiles"]}
    unnamed = rig.files("audit-bucket").keys() - named
    assert [r["eventID"] for key in unnamed for r in rig.files("audit-bucket")[key]] == ids


def test_deleting_closes_the_chain(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    rig.happen(1)
    rig.delete(trail)
    rig.pass_time(10, step=1)
    [last] = chain(rig, "audit-bucket")
    assert len(last["logFiles"]) == 1
    assert rig.trails.all_versions() == []
    again = rig.trail(validation=True)
    rig.step()
    rig.pass_time(3700, step=600)
    assert len(chain(rig, "audit-bucket")) == 2 and rig.status(again).digest_at is not None


def test_files_that_come_late_go_into_backfill_digests(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    ids = []
    for _ in range(10):
        ids += rig.happen(1)
        rig.pass_time(1800, step=900)
    assert rig.status(trail).delivery_error == rig.status(trail).digest_error == "AccessDenied"
    bucket.refusing = None
    rig.pass_time(2 * 3600, step=300)
    digests = chain(rig, "audit-bucket")
    assert linked(digests) and len(digests) >= 7
    late = {key: digest for key, digest in rig.digests("audit-bucket").items() if "_backfill" in key}
    assert late and all(verified(rig, "audit-bucket", key, HOME) for key in late)
    for key in late:
        stored = bucket.inner.head(key)
        assert stored is not None and stored.metadata["backfill-generation-timestamp"].startswith("2026-03-04T1")
    named = [e["s3Object"] for digest in [*digests, *late.values()] for e in digest["logFiles"]]
    assert sorted(named) == sorted(rig.files("audit-bucket"))
    assert sorted(rig.delivered("audit-bucket")) == sorted(ids)
    ordered = sorted(late.values(), key=lambda digest: digest["digestEndTime"])
    assert linked(ordered)


def test_a_pause_of_ours_is_covered_by_one_long_window(rig: Rig) -> None:
    rig.trail(validation=True)
    rig.step()
    rig.pass_time(3600, step=600)
    rig.clock.advance(50 * 3600)
    rig.start()
    rig.pass_time(600)
    digests = chain(rig, "audit-bucket")
    assert len(digests) == 2 and linked(digests)


def test_the_chain_goes_on_in_another_bucket(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    rig.pass_time(3600, step=600)
    rig.change(trail, bucket="new-bucket", prefix="p")
    rig.pass_time(3600, step=600)
    [before], [after] = chain(rig, "audit-bucket"), chain(rig, "new-bucket")
    assert linked([before, after]) and after["previousDigestS3Bucket"] == "audit-bucket"
    assert after["digestS3Object"].startswith(f"p/AWSLogs/{ACCOUNT}/CloudTrail-Digest/")


@pytest.mark.parametrize("place", ["keep", "add_digest", "extend_chain", "put", "settle_digest"])
@pytest.mark.parametrize("after", [False, True])
def test_the_chain_is_whole_wherever_the_worker_ends(
    rig: Rig, place: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.trail(validation=True)
    rig.step()
    rig.happen(1)
    rig.pass_time(3500, step=500)
    from opentrail.trails import digest_writing, file_delivery
    from opentrail.trails.outbox import Outbox

    class Ended(BaseException):
        pass

    owner: Any = {
        "keep": Outbox, "put": rig.clients.named("audit-bucket"), "settle_digest": file_delivery
    }.get(place, digest_writing)  # fmt: skip
    real = getattr(owner, place)

    def ends(*arguments: Any, **named: Any) -> Any:
        if after:
            real(*arguments, **named)
        raise Ended

    with monkeypatch.context() as patch, pytest.raises(Ended):
        patch.setattr(owner, place, ends)
        rig.pass_time(200)
    rig.start()
    rig.pass_time(2 * 3600, step=600)
    digests = chain(rig, "audit-bucket")
    assert linked(digests) and len(digests) == 3
    named = [entry["s3Object"] for digest in digests for entry in digest["logFiles"]]
    assert sorted(named) == sorted(rig.files("audit-bucket"))
    assert not list(rig.outbox())


def test_two_second_windows_each_have_a_name_of_their_own(tmp_path: Path, clock: SettableClock) -> None:
    rig = Rig(tmp_path, clock, interval_s=1.0, digest_interval_s=2.0)
    trail = rig.trail(validation=True)
    rig.step()
    for _ in range(4):
        rig.happen(1)
        rig.pass_time(1.5, step=0.5)
        trail = rig.change(trail, logging=False)
        rig.pass_time(0.5, step=0.5)
        trail = rig.change(trail, logging=True)
        rig.pass_time(0.5, step=0.5)
    rig.pass_time(4, step=1)
    named = [e["s3Object"] for digest in rig.digests("audit-bucket").values() for e in digest["logFiles"]]
    assert sorted(named) == sorted(rig.files("audit-bucket"))
    assert chain(rig, "audit-bucket")
    rig.close()


def test_a_stop_and_a_start_in_the_second_of_a_window_s_end_overwrite_no_digest(
    tmp_path: Path, clock: SettableClock
) -> None:
    rig = Rig(tmp_path, clock, interval_s=1.0, digest_interval_s=2.0)
    trail = rig.trail(validation=True)
    rig.step()
    rig.happen(1)
    trail = rig.change(trail, logging=False)
    rig.clients.named("audit-bucket").refusing = AccessDenied()  # the closing digest has to wait for its file
    rig.step()
    rig.change(trail, logging=True)
    rig.step()
    rig.pass_time(2, step=2)
    rig.clients.named("audit-bucket").refusing = None
    rig.pass_time(12, step=0.5)
    puts = [key for key in rig.clients.named("audit-bucket").puts() if "Digest" in key]
    delivered = [key for key in rig.keys_in("audit-bucket") if "Digest" in key]
    with rig.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT key FROM digests").scalars().all()
    assert len(set(rows)) == len(rows) and set(delivered) == set(rows) == set(puts)
    rig.close()


def test_chains_that_ended_long_ago_are_forgotten(rig: Rig) -> None:
    trail = rig.trail(validation=True)
    for _ in range(3):
        rig.step()
        rig.happen(1)
        rig.pass_time(600, step=300)
        trail = rig.change(trail, logging=False)
        rig.pass_time(600, step=300)
        trail = rig.change(trail, logging=True)
    rig.pass_time(8 * 86_400, step=6 * 3600)
    with rig.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM digest_chains WHERE closed").scalar_one() == 0
        known = "SELECT id FROM digest_chains"
        assert connection.exec_driver_sql(f"SELECT count(*) FROM digests WHERE chain_id NOT IN ({known})").scalar() == 0
    assert len([digest for digest in chain(rig, "audit-bucket") if digest["previousDigestS3Object"] is None]) == 4


@pytest.mark.parametrize("jump", [-5 * 3600, 5 * 3600])
def test_a_clock_that_is_set_anew_costs_no_event_and_no_digest(rig: Rig, jump: float) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    ids = []
    for seconds in (0.0, jump, -jump, 0.0):
        rig.clock.jump(seconds)
        ids += rig.happen(2)
        rig.pass_time(1800, step=300)
    trail = rig.change(trail, logging=False)
    rig.step()
    rig.clock.jump(-abs(jump))
    rig.change(trail, logging=True)
    ids += rig.happen(1)
    rig.pass_time(3 * abs(jump), step=1800)
    assert sorted(rig.delivered("audit-bucket")) == ids
    first, *others = (digest for digest in chain(rig, "audit-bucket") if digest["previousDigestS3Object"] is None)
    assert len(others) == 1 and first["digestStartTime"] < first["digestEndTime"]
    puts = [key for key in rig.clients.named("audit-bucket").puts() if "Digest" in key]
    assert len(set(puts)) == len(puts)
    named = [one["s3Object"] for digest in rig.digests("audit-bucket").values() for one in digest["logFiles"]]
    assert sorted(named) == sorted(rig.files("audit-bucket"))
