"""The loop that drives one follower: read, handle, tick, and try again when something fails."""

import threading
from pathlib import Path

from opentrail import limits, telemetry
from opentrail.clock import Clock
from opentrail.followers.faults import FollowerAheadOfJournal, FollowerSetBack
from opentrail.followers.follower import FlushingFollower, Follower
from opentrail.followers.ownership import Ownership
from opentrail.journal import Journal, JournalUnwritable

_LOG = telemetry.logger("followers")


class Runner:
    """Drives `follower` over `journal` while it owns the lock at `lock_path`.

    A batch that cannot be handled is tried again for ever, ever more slowly, and counted; nothing is passed over. The
    follower's durable position is mirrored into the journal, which trims nothing beyond it.
    """

    def __init__(self, journal: Journal, follower: Follower, lock_path: Path, clock: Clock) -> None:
        self._journal = journal
        self._follower = follower
        self._clock = clock
        self._ownership = Ownership(lock_path)
        self._read_through: int | None = None
        self._mirrored: int | None = None
        self._mirrored_at = 0.0
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures since the last success."""
        return self._failures

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set; waits for the lock first, so that a second process takes over from a dead one."""
        try:
            while not stop.is_set():
                try:
                    if not self._ownership.take():
                        stop.wait(limits.FOLLOWER_OWNER_SECONDS)
                        continue
                    handed_over = self._step(limits.FOLLOWER_IDLE_SECONDS)
                    self._failures = 0
                    if 0 < handed_over < limits.FOLLOWER_READ_EVENTS:  # a step costs more than the events of a moment
                        stop.wait(limits.FOLLOWER_GATHER_SECONDS)
                except Exception as error:  # noqa: BLE001 - whatever failed, it is counted and tried again
                    stop.wait(self._failed(error))
            self._mirror_at_end()
        finally:
            self._ownership.release()

    def run_until(self, position: int) -> None:
        """Return when everything up to `position` is durable on the follower's side, whoever drives it.

        Drives it here if nobody else does. Raises what the follower raised, at the first failure.
        """
        try:
            while self._journal.position(self._follower.name) < position:
                if not self._ownership.take():
                    # The owner mirrors its position; it may also die, and then it is our turn.
                    threading.Event().wait(limits.JOURNAL_POLL_SECONDS)
                    continue
                self._drive_to(position)
        finally:
            self._ownership.release()

    def _drive_to(self, position: int) -> None:
        try:
            while self._resume() < position:
                self._step(limits.JOURNAL_POLL_SECONDS)
            if self._follower.position() < position and isinstance(self._follower, FlushingFollower):
                self._follower.flush()
            if self._follower.position() < position:
                self._step(limits.JOURNAL_POLL_SECONDS)
            self._mirror(at_once=True)
        except Exception as error:
            self._failed(error)
            raise

    def _step(self, idle_seconds: float) -> int:
        """Hand over what is new, or wait for it for `idle_seconds`; then let the follower do its own steps.

        Returns how many positions were passed.
        """
        read_through = before = self._resume()
        head = self._journal.wait(read_through, idle_seconds)
        if head > read_through:
            found = self._journal.read(read_through, limits.FOLLOWER_READ_EVENTS, origins=self._follower.wants)
            self._follower.handle(found, found.through)
            self._read_through = read_through = found.through
        self._follower.tick()
        telemetry.FOLLOWER_POSITION.labels(self._follower.name).set(read_through)
        telemetry.FOLLOWER_LAG.labels(self._follower.name).set(max(head - read_through, 0))
        self._mirror()
        return read_through - before

    def _resume(self) -> int:
        """How far has been read; after a start or a failure that is what the follower has made durable."""
        if self._read_through is None:
            durable, head = self._follower.position(), self._journal.head()
            if durable > head:
                raise FollowerAheadOfJournal(
                    f"{self._follower.name} has handled up to position {durable}, the journal ends at {head}: "
                    "it has been replaced, or the follower's data belong to another data folder"
                )
            self._require_the_rest(durable)
            self._read_through = durable
        return self._read_through

    def _require_the_rest(self, durable: int) -> None:
        """Raise FollowerSetBack where events would be passed over: its data come from an older copy."""
        told, trimmed = self._journal.position(self._follower.name), self._journal.trimmed_through()
        if durable < told and durable < trimmed:
            raise FollowerSetBack(
                f"{self._follower.name} ends at position {durable} and had come to {told}; the journal has been "
                f"trimmed up to {trimmed}: restore a later copy of its data"
            )

    def _failed(self, error: Exception) -> float:
        """Count it; how many seconds to wait before the next attempt."""
        self._read_through = None
        self._failures += 1
        telemetry.FOLLOWER_FAILURES.labels(self._follower.name).inc()
        delay = min(
            limits.FOLLOWER_BACKOFF_SECONDS * 2.0 ** min(self._failures - 1, 30),
            limits.FOLLOWER_LONGEST_BACKOFF_SECONDS,
        )
        _LOG.error(
            "follower-failed",
            action="handle",
            follower=self._follower.name,
            failures=self._failures,
            next_attempt_seconds=delay,
            exc_info=error,
        )
        return delay

    def _mirror(self, *, at_once: bool = False) -> None:
        position = self._follower.position()
        now = self._clock.monotonic()
        due = self._mirrored is None or at_once or now - self._mirrored_at >= limits.FOLLOWER_MIRROR_SECONDS
        if position == self._mirrored or not due:
            return
        try:
            self._journal.set_position(self._follower.name, position)
        except JournalUnwritable as error:
            # Only trimming and the importer wait for it; handling goes on, and the next step mirrors it again.
            _LOG.warning("position-not-mirrored", action="mirror", follower=self._follower.name, error=str(error))
            self._mirrored_at = now
            return
        self._mirrored, self._mirrored_at = position, now

    def _mirror_at_end(self) -> None:
        if self._ownership.held and self._read_through is not None:
            self._mirror(at_once=True)
