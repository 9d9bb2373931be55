"""Work done by several threads at once, its results in the order in which it was asked for, and not too far ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

from opentrail.objects.bucket import TimedOut, Unreachable

ATTEMPTS = 3  # for what breaks off in the middle of a file; each asks the store anew

Asked = TypeVar("Asked")
Result = TypeVar("Result")


def ordered(
    threads: Executor, window: int, work: Callable[[Asked], Result], asked: Iterable[Asked]
) -> Iterator[Result]:
    """`work` of each of `asked`, in order; at most `window` of them under way or waiting to be taken.

    Work that the store broke off is done again, some times. Raises, in its turn, what `work` raised; what is under way
    then is left.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for one in asked:
            waiting.append(threads.submit(_tried, work, one))
            while len(waiting) >= window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _tried(work: Callable[[Asked], Result], one: Asked) -> Result:
    for _ in range(ATTEMPTS - 1):
        try:
            return work(one)
        except (Unreachable, TimedOut):
            continue
    return work(one)
