"""Channels and their versions: which event data stores get what comes in by a channel, by position of the journal.

A row of `channels` is one channel from its creation on. A row of its versions is what the channel was for batches of
origin `channel:ID` at positions greater than `from_position`, until its next version. A deleted channel keeps row and
last version: there may be batches of it that nobody has read yet.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Select, delete, insert, select, update

from opentrail.catalog.database import READING
from opentrail.catalog.resource_policies import drop_resource_policy
from opentrail.catalog.tables import channel_status, channels
from opentrail.catalog.tables import channel_versions as versions
from opentrail.catalog.tags import Tag, drop_tags, write_tags
from opentrail.catalog.versions import ChangedMeanwhile, Versions, unless_taken
from opentrail.errors import ClientError

ORIGIN = "channel:"  # and the channel's id: the origin of its batches in the journal


class Channel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A channel as its owner set it up. Times in microseconds since the epoch."""

    id: str  # a UUID
    arn: str
    name: str
    account: str
    region: str
    source: str  # "Custom", or whose events they are
    destinations: tuple[str, ...]  # ARNs of event data stores
    created_at_us: int = 0
    updated_at_us: int = 0

    @property
    def origin(self) -> str:
        """The origin of its batches in the journal."""
        return ORIGIN + self.id


class ChannelVersion(msgspec.Struct, frozen=True):
    """What a channel was for batches at positions greater than `from_position`, until its next version."""

    number: int  # ascending over all channels, never used again
    from_position: int
    channel: Channel


class ChannelStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came in by a channel last. Times in microseconds since the epoch, events by their `eventID`."""

    attempted_at_us: int | None = None
    attempted_event: str | None = None
    succeeded_at_us: int | None = None
    succeeded_event: str | None = None
    error_code: str | None = None  # of the last event that was refused


class ChannelTaken(ClientError):
    """A channel of that name, or for that source, already exists in this account and Region."""

    code = "ChannelAlreadyExistsException"


class Channels:
    """All channels of a data folder. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, channel: Channel, from_position: int, tags: Sequence[Tag] = ()) -> ChannelVersion:
        """A new channel with its tags, durable on return. Raises ChannelTaken."""
        with self._engine.begin() as connection:
            row = insert(channels).values(
                id=channel.id,
                account=channel.account,
                region=channel.region,
                name=channel.name,
                source=channel.source,
                deleted=False,
            )
            with unless_taken(ChannelTaken):
                connection.execute(row)
            write_tags(connection, channel.arn, tags)
            return _add(connection, channel, from_position)

    def replace(self, before: ChannelVersion, channel: Channel, from_position: int) -> ChannelVersion:
        """The next version of a channel, durable on return.

        Raises ChangedMeanwhile where `before` is not the newest or the channel is gone, ChannelTaken.
        """
        with self._engine.begin() as connection:
            _require_newest(connection, before)
            with unless_taken(ChannelTaken):
                connection.execute(update(channels).where(channels.c.id == channel.id).values(name=channel.name))
            return _add(connection, channel, from_position)

    def delete(self, before: ChannelVersion) -> None:
        """The channel is gone, with its tags; name and source are free. Durable on return. Raises ChangedMeanwhile."""
        with self._engine.begin() as connection:
            _require_newest(connection, before)
            connection.execute(update(channels).where(channels.c.id == before.channel.id).values(deleted=True))
            connection.execute(delete(channel_status).where(channel_status.c.channel_id == before.channel.id))
            drop_tags(connection, before.channel.arn)
            drop_resource_policy(connection, before.channel.arn)

    def find(self, channel_id: str) -> ChannelVersion | None:
        """The newest version of a channel that is not deleted."""
        found = self._read(_newest().where(channels.c.id == channel_id))
        return found[0] if found else None

    def of_account(self, account: str, region: str) -> list[ChannelVersion]:
        """The newest versions of an account's channels in a Region, by name."""
        mine = (channels.c.account == account, channels.c.region == region)
        return self._read(_newest().where(*mine).order_by(channels.c.name))

    def pointing_at(self, store_arn: str, account: str, region: str) -> list[Channel]:
        """The account's channels in the Region that have this store among their destinations."""
        found = self.of_account(account, region)
        return [version.channel for version in found if store_arn in version.channel.destinations]

    def newest_change(self) -> int:
        """A number that is another one after each change of any channel, but for its deletion."""
        with self._engine.connect().execution_options(**READING) as connection:
            return _VERSIONS.newest_change(connection)

    def all_versions(self) -> list[ChannelVersion]:
        """Every version that is kept, of deleted channels too, by channel, oldest first."""
        return self._read(_VERSIONS.all.order_by(versions.c.channel_id, versions.c.number))

    def status(self, channel_id: str) -> ChannelStatus:
        """What was noted last of what came in by the channel."""
        question = select(channel_status.c.status).where(channel_status.c.channel_id == channel_id)
        with self._engine.connect().execution_options(**READING) as connection:
            found = connection.execute(question).scalar_one_or_none()
        return ChannelStatus() if found is None else _decode_status(found)

    def write_status(self, channel_id: str, status: ChannelStatus) -> None:
        """Note what came in last, durable on return; nothing happens where the channel is gone."""
        there = select(channels.c.id).where(channels.c.id == channel_id, ~channels.c.deleted)
        with self._engine.begin() as connection:
            if connection.execute(there).one_or_none() is None:
                return
            connection.execute(delete(channel_status).where(channel_status.c.channel_id == channel_id))
            connection.execute(insert(channel_status).values(channel_id=channel_id, status=_encode(status)))

    def _read(self, question: Select[Any]) -> list[ChannelVersion]:
        return _VERSIONS.read(self._engine, question)


_decode = msgspec.json.Decoder(Channel).decode
_decode_status = msgspec.json.Decoder(ChannelStatus).decode
_encode = msgspec.json.Encoder().encode
_VERSIONS = Versions(
    versions, channels, "channel_id", "channel", lambda *row: ChannelVersion(row[0], row[1], _decode(row[2]))
)


def _newest() -> Select[Any]:
    """The newest versions of channels that are not deleted."""
    return _VERSIONS.newest().where(~channels.c.deleted)


def _require_newest(connection: Connection, version: ChannelVersion) -> None:
    newest = connection.execute(_newest().where(channels.c.id == version.channel.id)).one_or_none()
    if newest is None or newest.number != version.number:
        raise ChangedMeanwhile


def _add(connection: Connection, channel: Channel, from_position: int) -> ChannelVersion:
    number = _VERSIONS.add(connection, channel.id, from_position, _encode(channel))
    return ChannelVersion(number, from_position, channel)
