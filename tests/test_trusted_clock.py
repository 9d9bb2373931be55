"""A clock that jumps ahead deletes nothing until it has stood for a day of running."""

from pathlib import Path

import pytest

from opentrail.clock import MICROSECONDS, SettableClock
from opentrail.trusted_clock import FILE_NAME, TrustedClock, ahead_seconds

DAY = 86_400
YEAR = 365 * DAY


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def run(clock: SettableClock, trusted: TrustedClock, hours: int) -> None:
    """Let hours pass in which somebody looks at the clock now and then."""
    for _ in range(hours):
        clock.advance(3600)
        trusted.now_us()


def behind_s(clock: SettableClock, trusted: TrustedClock) -> float:
    return (clock.now_us() - trusted.now_us()) / MICROSECONDS


def test_time_that_passes_is_believed(clock, file):
    trusted = TrustedClock(clock, file)
    run(clock, trusted, 24 * 40)
    clock.advance(200 * DAY)  # nobody looked, but the clock that only counts went along
    assert behind_s(clock, trusted) == 0
    assert ahead_seconds(file) == 0


def test_a_jump_ahead_is_believed_after_a_day_of_running(clock, file):
    trusted = TrustedClock(clock, file)
    trusted.now_us()
    clock.jump(YEAR)
    assert behind_s(clock, trusted) == YEAR
    run(clock, trusted, 23)
    assert behind_s(clock, trusted) == YEAR, "time goes on from where it was"
    assert ahead_seconds(file) == YEAR
    run(clock, trusted, 2)
    assert behind_s(clock, trusted) == 0
    assert ahead_seconds(file) == 0


def test_a_clock_that_is_set_right_is_believed_at_once(clock, file):
    trusted = TrustedClock(clock, file)
    clock.jump(YEAR)
    run(clock, trusted, 20)
    clock.jump(-YEAR)
    assert behind_s(clock, trusted) == 0
    assert ahead_seconds(file) == 0


def test_a_second_jump_begins_the_day_anew(clock, file):
    trusted = TrustedClock(clock, file)
    clock.jump(YEAR)
    run(clock, trusted, 20)
    clock.jump(YEAR)
    run(clock, trusted, 20)
    assert behind_s(clock, trusted) == 2 * YEAR


def test_a_clock_that_is_set_back_deletes_nothing_either(clock, file):
    trusted = TrustedClock(clock, file)
    clock.jump(-YEAR)
    assert behind_s(clock, trusted) == 0, "never later than the machine's clock"
    run(clock, trusted, 10)
    clock.jump(YEAR)
    assert behind_s(clock, trusted) == 0, "the right time comes back without a doubt"


def test_a_stop_of_less_than_a_day_is_believed(clock, file):
    TrustedClock(clock, file).now_us()
    clock.jump(DAY - 60)
    assert behind_s(clock, TrustedClock(clock, file)) == 0


def test_a_jump_is_doubted_through_restarts_and_their_running_adds_up(clock, file):
    trusted = TrustedClock(clock, file)
    trusted.now_us()
    clock.jump(YEAR)
    for _ in range(4):
        trusted = TrustedClock(clock, file)
        assert behind_s(clock, trusted) >= YEAR - 1
        run(clock, trusted, 7)
    assert behind_s(clock, trusted) == 0


def test_a_damaged_file_makes_the_time_doubtful_for_a_day(clock, file):
    file.write_bytes(b'{"trusted_us":')
    trusted = TrustedClock(clock, file)
    assert trusted.now_us() < YEAR * MICROSECONDS
    run(clock, trusted, 25)
    assert behind_s(clock, trusted) == 0


def test_a_disk_that_cannot_be_written_stops_nothing(clock, tmp_path):
    trusted = TrustedClock(clock, tmp_path / "missing" / FILE_NAME)
    clock.jump(YEAR)
    assert behind_s(clock, trusted) == YEAR
