"""Ordered work: results in the order asked, never too far ahead, broken-off work done again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from opentrail.objects.bucket import TimedOut, Unreachable
from opentrail.trails.validation.pipeline import ATTEMPTS, ordered


def test_results_come_in_order_and_the_window_bounds_what_is_asked_ahead() -> None:
    asked = 0
    release = threading.Event()

    def numbers() -> Iterator[int]:
        nonlocal asked
        for number in range(100):
            asked += 1
            yield number

    def work(number: int) -> int:
        if number == 0:
            assert release.wait(10)
        return number * 2

    with ThreadPoolExecutor(4) as threads:
        results = ordered(threads, 8, work, numbers())
        threading.Timer(0.05, release.set).start()
        assert next(results) == 0
        assert asked == 8
        assert list(results) == [number * 2 for number in range(1, 100)]


def test_what_broke_off_is_done_again_and_given_up_at_last() -> None:
    tries: list[int] = []

    def flaky(number: int) -> int:
        tries.append(number)
        if len(tries) < ATTEMPTS:
            raise Unreachable if len(tries) % 2 else TimedOut
        return number

    def broken(number: int) -> int:
        raise Unreachable("gone")

    with ThreadPoolExecutor(1) as threads:
        assert list(ordered(threads, 2, flaky, [7])) == [7]
        assert tries == [7] * ATTEMPTS
        with pytest.raises(Unreachable, match="gone"):
            list(ordered(threads, 2, broken, range(10)))
