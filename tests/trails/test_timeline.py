"""Which version judges which position, and which stretches of validated logging belong together."""

from hypothesis import given
from hypothesis import strategies as st

from opentrail.catalog.trails import Trail, TrailVersion
from opentrail.selectors.matcher import trail_matcher
from opentrail.trails.grid import ceil_second, floor_second, named_us, slot
from opentrail.trails.timeline import Timeline
from tests.trails.rig import ACCOUNT, HOME, REGIONS


def made(*versions: tuple[int, bool, bool]) -> Timeline:
    """Of (from position, logging, validation)."""
    trails = [
        TrailVersion(1, number, start, False, Trail(
            arn="a", name="n", account=ACCOUNT, home_region=HOME, bucket="b", logging=logging, validation=validation
        ))
        for number, (start, logging, validation) in enumerate(versions, 1)
    ]  # fmt: skip
    return Timeline(trails, lambda trail: trail_matcher(trail, REGIONS))


def judged(timeline: Timeline, after: int, through: int) -> dict[int, int]:
    return {
        position: version.number
        for version, first, last in timeline.stretches(after, through)
        for position in range(first, last + 1)
    }


def test_each_position_is_judged_by_the_version_in_force() -> None:
    timeline = made((10, False, False), (20, True, False), (22, True, True), (25, False, True))
    assert judged(timeline, 0, 100) == {21: 2, 22: 2, 23: 3, 24: 3, 25: 3}
    assert judged(timeline, 22, 24) == {23: 3, 24: 3}
    assert timeline.next_needed(0, 100) == 20 and timeline.next_needed(25, 100) == 100


def test_periods_begin_with_validated_logging_and_end_with_it() -> None:
    on, off = (True, True), (False, True)
    timeline = made((0, *on), (1, *on), (2, *off), (3, *on), (4, True, False), (5, *on))
    assert [version.period for version in timeline.versions] == [1, 1, None, 4, None, 6]


def test_versions_that_began_the_period_in_force_are_kept() -> None:
    timeline = made((0, False, False), (1, True, True), (5, True, True), (9, True, True))
    assert timeline.forgettable(20) == [1, 3] and timeline.forgettable(5) == [1] and timeline.forgettable(0) == []
    assert made((0, True, False), (5, True, False)).forgettable(20) == [1]


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=6), st.integers(0, 40))
def test_however_changes_cross_no_position_is_judged_twice(versions: list[tuple[int, bool]], cut: int) -> None:
    timeline = made(*((start, logging, False) for start, logging in versions))
    seen = [p for _, first, last in timeline.stretches(0, 40) for p in range(first, last + 1)]
    assert len(seen) == len(set(seen))
    assert judged(timeline, 0, cut) | judged(timeline, cut, 40) == judged(timeline, 0, 40)


def test_names_lie_on_the_grid_of_five_minutes_or_of_a_shorter_interval() -> None:
    now = 1_772_619_331_417_000  # 2026-03-04T10:15:31
    assert named_us(now, 300) == 1_772_619_300_000_000
    assert named_us(now, 3600) == 1_772_619_300_000_000
    assert named_us(now, 10) == 1_772_619_330_000_000
    assert slot(now, 300) != slot(now + 300_000_000, 300) and slot(now, 300) == slot(now + 100_000_000, 300)
    assert (floor_second(now), ceil_second(now)) == (1_772_619_331_000_000, 1_772_619_332_000_000)
    assert ceil_second(1_772_619_331_000_000) == 1_772_619_331_000_000
