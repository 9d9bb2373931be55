"""Cuts: what waits in memory becomes files in the outbox and rows in the catalog, all in one transaction.

Only what is committed here may be uploaded. After a crash before the commit the files are swept and the events judged
again; after it they are uploaded under the same keys, however often. A cut is refused where a change that
was not seen judges events of it; changes that judge later ones hold up nothing.
"""

import secrets
from collections.abc import Iterator, Sequence

from sqlalchemy import Engine

from opentrail.catalog.delivery_progress import changed_from, write_progress
from opentrail.catalog.log_files import CutFile, add_files
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.logfile import content
from opentrail.logfile.keys import UNIQUE_CHARACTERS, UNIQUE_LENGTH, LogFileKey
from opentrail.trails.buffers import Buffer, Group
from opentrail.trails.grid import named_us
from opentrail.trails.judging import TrailInPass
from opentrail.trails.outbox import Outbox

Packed = dict[tuple[int, ...], content.LogFile]  # by the positions of the events


class TrailsChanged(OpenTrailError):
    """Events were judged by a version of the trail that has another one after it for them."""


class Cutter:
    """Makes cuts. For one thread."""

    def __init__(self, engine: Engine, outbox: Outbox, clock: Clock, interval_s: float) -> None:
        self._engine = engine
        self._outbox = outbox
        self._clock = clock
        self._interval_s = interval_s

    def cut(self, trails: Sequence[TrailInPass], position: int, seen_change: int) -> list[CutFile]:
        """Cut everything that `trails` hold and write down how far they are; durable on return.

        `position`: no trail needs the journal up to there. Raises TrailsChanged, with nothing done, where a change of
        a trail after `seen_change` judges events that are cut, or before `position`.
        """
        files: list[CutFile] = []
        packed: Packed = {}
        try:
            for trail in trails:
                for group, buffer in trail.buffers.groups.items():
                    files.extend(self._write(trail.trail_id, group, buffer, packed))
            if files:
                self._outbox.seal()
            with self._engine.begin() as connection:
                judged = {trail.trail_id: trail.judged for trail in trails}
                changed = changed_from(connection, seen_change)
                if any(lowest < judged.get(trail_id, position) for trail_id, lowest in changed.items()):
                    raise TrailsChanged
                add_files(connection, files)
                write_progress(connection, position, judged)
        except BaseException:
            for file in files:
                self._outbox.drop(file.outbox)
            raise
        for trail in trails:
            trail.committed()
        return files

    def _write(self, trail_id: int, group: Group, buffer: Buffer, packed: Packed) -> Iterator[CutFile]:
        """The files of one group, each in the outbox. Trails that selected the same events share the packing."""
        now = self._clock.now_us()
        version, trail = group.version, group.version.trail
        for start, end in buffer.parts():
            times, positions = buffer.times_us[start:end], buffer.positions[start:end]
            same = tuple(positions)
            written = packed.get(same)
            if written is None:
                written = packed[same] = content.write(buffer.records[start:end])
            key = LogFileKey(
                account=group.account,
                region=group.region,
                at_us=named_us(now, self._interval_s),
                unique="".join(secrets.choice(UNIQUE_CHARACTERS) for _ in range(UNIQUE_LENGTH)),
                kind=group.kind,
                prefix=trail.prefix,
                organization=trail.organization_id or "",
            )
            yield CutFile(
                trail_id=trail_id,
                version=version.number,
                period=version.period,
                destination=version.destination,
                account=group.account,
                region=group.region,
                key=str(key),
                outbox=self._outbox.keep(written.stored),
                sha256=written.sha256,
                oldest=min(times),
                newest=max(times),
                first_position=min(positions),
                last_position=max(positions),
                events=end - start,
                inflated_bytes=written.inflated_size,
                stored_bytes=len(written.stored),
                cut_at=now,
                notification="waiting" if trail.sns_topic_arn else "none",
                logs="waiting" if trail.log_group_arn else "none",
            )
