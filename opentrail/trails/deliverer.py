"""The deliverer: queues of files, digests, messages and log events, each tried in order, backed off, and given up last.

A queue is what one trail delivers to one destination in one way. Queues are independent: one that fails waits longer
after each failure, up to limits.DELIVERY_LONGEST_BACKOFF_SECONDS, and holds up no other. What waits is in the catalog
alone; here is only when to try next. A delivery given up after its time is counted and said, never silently.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Engine

from opentrail import limits, telemetry
from opentrail.catalog.database import READING
from opentrail.catalog.trail_status import What, report_failure
from opentrail.clock import Clock
from opentrail.trails.service_clients import DeliveryFailed

_log = telemetry.logger("trails")


class QueueKey(NamedTuple):
    """Whose queue it is: a trail and a destination, as the catalog keeps it."""

    trail_id: int
    destination: bytes


class Delivery(Protocol):
    """One way to deliver: to buckets, as digests, to topics, to log groups."""

    @property
    def what(self) -> What:
        """How GetTrailStatus calls it."""
        ...

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails and destinations for which something waits."""
        ...

    def deliver(self, key: QueueKey) -> bool:
        """Deliver what waits, oldest first, a bounded number; whether more may be waiting. Raises DeliveryFailed.

        What was delivered is durably marked so on return or failure.
        """
        ...


@dataclass(slots=True)
class _Queue:
    """When to try next, in monotonic seconds, and how often it failed in a row."""

    next_at: float
    failures: int = 0
    busy: bool = False


class Deliverer:
    """Works the queues of `deliveries`, with threads of its own or the caller's."""

    def __init__(self, engine: Engine, deliveries: Sequence[Delivery], clock: Clock) -> None:
        self._engine = engine
        self._deliveries = deliveries
        self._clock = clock
        self._queues: dict[tuple[int, QueueKey], _Queue] = {}
        self._changed = threading.Condition()
        self._look = True
        self._looked_at = float("-inf")
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._chance = random.Random()

    def wake(self) -> None:
        """There is something new to deliver."""
        with self._changed:
            self._look = True
            self._changed.notify()

    def start(self) -> None:
        """Deliver with threads until `stop`; does nothing where they run."""
        if not self._threads:
            self._stopping = False
            self._threads = [
                threading.Thread(target=self._run, name=f"deliver-{number}")
                for number in range(limits.DELIVERY_THREADS)
            ]
            for thread in self._threads:
                thread.start()

    def stop(self, seconds: float) -> None:
        """End after the deliveries under way; those that take longer than `seconds` are left behind, and come again."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(seconds)
        self._threads = []

    def run_due(self) -> int:
        """Deliver in this thread whatever is due now; how many queues were worked."""
        worked = 0
        with self._changed:
            self._look = True
        while self._work_one():
            worked += 1
        return worked

    def _run(self) -> None:
        while not self._stopping:
            try:
                if self._work_one():
                    continue
            except Exception as error:  # noqa: BLE001 - whatever failed is said, and tried again a little later
                _log.error("delivery failed", action="deliver", exc_info=error)
                with self._changed:  # whatever there is to do: it may be what failed
                    if not self._stopping:
                        self._changed.wait(limits.DELIVERY_BACKOFF_SECONDS)
                continue
            with self._changed:
                if not self._stopping and not self._look:
                    self._changed.wait(self._idle_seconds())

    def _idle_seconds(self) -> float:
        now = self._clock.monotonic()
        waits = [queue.next_at - now for queue in self._queues.values() if not queue.busy]
        return max(0.01, min([limits.DELIVERY_LOOK_SECONDS, *waits]))

    def _work_one(self) -> bool:
        """Work one queue that is due; False where none is."""
        taken = self._take()
        if taken is None:
            return False
        (index, key), queue = taken
        delivery = self._deliveries[index]
        wait = limits.DELIVERY_BACKOFF_SECONDS
        try:
            more = delivery.deliver(key)
            queue.failures, wait = 0, 0.0
            if not more:
                with self._changed:
                    self._queues.pop((index, key), None)
                    self._look = True  # something may have come since the last look
        except DeliveryFailed as error:
            wait = self._failed(delivery, key, queue, error)
        except BaseException:
            queue.failures += 1
            wait = self._backoff(queue.failures)
            raise
        finally:
            with self._changed:
                queue.busy = False
                queue.next_at = self._clock.monotonic() + wait
        return True

    def _take(self) -> tuple[tuple[int, QueueKey], _Queue] | None:
        with self._changed:
            now = self._clock.monotonic()
            if self._look or now - self._looked_at >= limits.DELIVERY_LOOK_SECONDS:
                self._look_around(now)
            due = [
                (queue.next_at, key) for key, queue in self._queues.items() if not queue.busy and queue.next_at <= now
            ]
            if not due:
                return None
            key = min(due)[1]
            self._queues[key].busy = True
            return key, self._queues[key]

    def _look_around(self, now: float) -> None:
        """Learn from the catalog which queues there are."""
        with self._engine.connect().execution_options(**READING) as connection:
            found = {
                (index, QueueKey(*key))
                for index, delivery in enumerate(self._deliveries)
                for key in delivery.queues(connection)
            }
        for key in found - self._queues.keys():
            self._queues[key] = _Queue(now)
        for key in [key for key, queue in self._queues.items() if key not in found and not queue.busy]:
            del self._queues[key]
        self._look, self._looked_at = False, now

    def _failed(self, delivery: Delivery, key: QueueKey, queue: _Queue, error: DeliveryFailed) -> float:
        """Say it in the trail's status and the log; seconds to wait."""
        queue.failures += 1
        wait = self._backoff(queue.failures)
        with self._engine.begin() as connection:
            report_failure(connection, key.trail_id, delivery.what, self._clock.now_us(), error.refusal)
        _log.warning(
            "not delivered",
            action=f"{delivery.what}-failed",
            trail_id=key.trail_id,
            code=error.refusal,
            failures=queue.failures,
            next_attempt_seconds=round(wait, 1),
            error=error.message,
        )
        return wait

    def _backoff(self, failures: int) -> float:
        wait = limits.DELIVERY_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 30)
        return min(wait, limits.DELIVERY_LONGEST_BACKOFF_SECONDS) * self._chance.uniform(0.8, 1.2)
