"""One event data store in the pass over the journal: what it has judged, what waits for a commit, what is durable."""

from opentrail.journal import Batch
from opentrail.lake.event_rows import EventRows
from opentrail.lake.timeline import StoreTimeline
from opentrail.selectors.events import Events


class StoreInPass:
    """`judged`: every event up to this position was asked for; `through`: what of it is in the table.

    `retry_at`: something went wrong with this store alone; until then (monotonic seconds) it stays behind the others,
    and its events in the journal. `waits`: the same, until its KMS key can be used.
    """

    def __init__(self, timeline: StoreTimeline, through: int) -> None:
        self.timeline = timeline
        self.through = max(through, timeline.begins_after)
        self.judged = self.through
        self.rows = EventRows()
        self.waiting_since = 0.0
        self.retry_at = 0.0
        self.failures = 0
        self.waits = False

    @property
    def id(self) -> str:
        """The store's."""
        return self.timeline.store.id

    def judge(self, batch: Batch, events: Events, keep_after_us: int, now: float) -> int:
        """Take of a batch what the store gets, unless that was judged before; bytes taken."""
        if batch.last <= self.judged:
            return 0
        before = self.rows.bytes
        if not self.rows.count:
            self.waiting_since = now
        self.rows.add(batch, self.timeline.chosen(batch, events, self.judged), keep_after_us)
        self.judged = batch.last
        return self.rows.bytes - before

    def pass_over(self, through: int) -> None:
        """Nothing up to `through` that was not judged concerns the store."""
        self.judged = max(self.judged, through)

    def change(self, timeline: StoreTimeline) -> int:
        """The store has changed; events that a new version judges and an old one has judged are judged again.

        Bytes that are held no more.
        """
        known = self.timeline.newest.number
        added = [version.from_position for version in timeline.versions if version.number > known]
        self.timeline = timeline
        return self.rewind(min(added)) if min(added, default=self.judged) < self.judged else 0

    def rewind(self, to: int = 0) -> int:
        """Forget what was judged beyond `to` and is not durable; it will be read again. Bytes that are held no more."""
        before = self.rows.bytes
        self.judged = max(to, self.through)
        self.rows.forget_after(self.judged)
        return before - self.rows.bytes

    def wait(self) -> int:
        """The store must not take what it has judged and is not durable; it waits before the first such event.

        Bytes that are held no more.
        """
        self.waits = True
        return self.rewind(self.rows.positions[0] - 1)

    def committed(self) -> None:
        """What was judged is in the table."""
        self.rows = EventRows()
        self.through = self.judged
        self.failures = 0

    @property
    def settled(self) -> int:
        """What may be written down as the store's progress without a commit."""
        return self.through if self.rows.count else self.judged
