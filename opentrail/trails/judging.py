"""One trail in the pass over the journal: what it has judged, what waits for a cut, what is durable."""

from opentrail.journal import Batch
from opentrail.selectors.events import Events
from opentrail.trails.buffers import TrailBuffers
from opentrail.trails.timeline import Timeline


class TrailInPass:
    """`judged`: every event up to this position was asked for; `through`: what of it is in committed cuts.

    `parked`: the outbox has no room for it; its events stay in the journal, and are judged again later.
    """

    def __init__(self, timeline: Timeline, through: int) -> None:
        self.timeline = timeline
        self.through = through
        self.judged = through
        self.buffers = TrailBuffers()
        self.parked = False

    @property
    def trail_id(self) -> int:
        """The row's id."""
        return self.timeline.trail_id

    def judge(self, batch: Batch, events: Events) -> int:
        """Take of a batch what the trail selects, unless that was judged before; bytes taken."""
        if batch.last <= self.judged:
            return 0
        taken = 0
        for version, first, last in self.timeline.stretches(max(self.judged, batch.first - 1), batch.last):
            chosen = version.matcher.selected(events)
            if first > batch.first or last < batch.last:
                chosen = [index for index in chosen if first <= batch.first + index <= last]
            if chosen:
                taken += self.buffers.add(version, batch.entries, batch.first, chosen)
        self.judged = batch.last
        return taken

    def pass_over(self, through: int) -> None:
        """Nothing up to `through` was of an origin that trails follow."""
        self.judged = max(self.judged, through)

    def change(self, timeline: Timeline) -> None:
        """The trail has changed. Where events were judged that a new version judges, they are judged again."""
        known = self.timeline.newest.number
        added = [version.from_position for version in timeline.versions if version.number > known]
        self.timeline = timeline
        if min(added, default=self.judged) < self.judged:
            self.rewind(min(added))

    def rewind(self, to: int = 0) -> None:
        """Forget what was judged beyond `to` and is not durable; it will be read from the journal again."""
        self.judged = max(to, self.through)
        self.buffers.forget_after(self.judged)

    def committed(self) -> None:
        """What was judged is in committed cuts."""
        self.buffers = TrailBuffers()
        self.through = self.judged

    @property
    def settled(self) -> int:
        """What may be written down as the trail's progress without a cut."""
        return self.through if self.buffers else self.judged

    @property
    def stopping(self) -> bool:
        """Whether its last events wait for a cut: a trail that stopped is not left waiting for the interval."""
        timeline = self.timeline
        return bool(self.buffers) and not timeline.logging and self.judged >= timeline.last_change()
