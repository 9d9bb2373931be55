"""What is done is forgotten, what is needed is kept, and the numbers say what waits."""

from pathlib import Path

from opentrail.catalog.delivery_summary import DeliverySummary
from opentrail.clock import SettableClock
from opentrail.objects.bucket import AccessDenied
from tests.trails.rig import Rig
from tests.trails.test_digests import chain, linked


def _rows(rig: Rig, table: str) -> int:
    with rig.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_rows_of_what_is_delivered_go_after_a_week_and_the_chain_goes_on(tmp_path: Path, clock: SettableClock) -> None:
    rig = Rig(tmp_path, clock, interval_s=6 * 3600.0, digest_interval_s=12 * 3600.0)
    trail = rig.trail(validation=True)
    rig.step()
    for _ in range(30):
        rig.happen(1)
        trail = rig.change(trail, bucket=trail.trail.bucket)
        rig.pass_time(12 * 3600, step=6 * 3600)
    assert _rows(rig, "log_files") < 20 and _rows(rig, "digests") < 20
    assert len(rig.trails.all_versions()) > 1  # the one that began the period in force is needed for its chain
    digests = chain(rig, "audit-bucket")
    assert len(digests) == 30 and linked(digests)
    assert len(rig.delivered("audit-bucket")) == 30
    rig.close()


def test_the_numbers_say_what_waits_what_was_refused_and_what_was_given_up(rig: Rig) -> None:
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    rig.happen(1)
    rig.pass_time(300)
    [waiting] = rig.outbox()
    summary = DeliverySummary(rig.engine)
    assert (summary.files, summary.bytes, summary.abandoned) == (1, waiting.stat().st_size, 0)
    assert summary.errors == {"delivery": 1, "digest": 0, "notification": 0, "logs": 0}
    assert summary.oldest is not None and rig.clock.now_us() - summary.oldest < 120_000_000
    rig.clock.advance(31 * 86_400)
    rig.step()
    summary = DeliverySummary(rig.engine)
    assert (summary.files, summary.bytes, summary.oldest, summary.abandoned) == (0, 0, None, 1)
    bucket.refusing = None
    rig.happen(1)
    rig.pass_time(600)
    assert DeliverySummary(rig.engine).errors["delivery"] == 0


def test_what_a_crash_left_in_the_outbox_is_swept_and_what_waits_is_not(rig: Rig) -> None:
    rig.trail()
    rig.step()
    rig.clients.named("audit-bucket").refusing = AccessDenied()
    rig.happen(1)
    rig.pass_time(300)
    [waiting] = rig.outbox()
    (waiting.parent / "0123456789abcdef01234567").write_bytes(b"left")
    rig.start()
    rig.step()
    assert list(rig.outbox()) == [waiting]
