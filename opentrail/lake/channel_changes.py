"""Making, changing and deleting channels: each change a version, from a position of the journal on.

All changes are durable when they return. Changes of one channel that cross each other: the later one is refused.
"""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from opentrail import limits
from opentrail.catalog.channels import Channel, Channels, ChannelTaken
from opentrail.catalog.tags import Tag
from opentrail.clock import Clock
from opentrail.lake.channel_faults import InvalidSource, TooManyChannels
from opentrail.lake.channel_registry import ChannelRegistry, channel_arn
from opentrail.lake.faults import InvalidParameter, InvalidStoreCategory, StoreNotFound
from opentrail.lake.stores import StoreRegistry

STORE_TYPE: Final = "EVENT_DATA_STORE"
AUDIT_CATEGORY: Final = "ActivityAuditLog"

_OF_SERVICES: Final = "aws-service-channel"  # names of channels that AWS's services make begin so


class ChannelChanges:
    """Everything that changes channels. `head` tells the journal's newest position; `check_tags` refuses bad tags."""

    def __init__(
        self,
        channels: Channels,
        registry: ChannelRegistry,
        stores: StoreRegistry,
        head: Callable[[], int],
        clock: Clock,
        check_tags: Callable[[Sequence[Tag]], None],
    ) -> None:
        self._channels = channels
        self._registry = registry
        self._stores = stores
        self._head = head
        self._clock = clock
        self._check_tags = check_tags
        self._creating = threading.Lock()

    def create(
        self,
        name: str,
        source: str,
        destinations: Sequence[Mapping[str, Any]],
        tags: Sequence[Tag],
        account: str,
        region: str,
    ) -> Channel:
        """A new channel. Raises the faults of CreateChannel."""
        _check_name(name)
        _check_source(source)
        self._check_tags(tags)
        stores = self._destinations(destinations, account, region)
        channel_id = str(uuid.uuid4())
        now_us = self._clock.now_us()
        channel = Channel(
            id=channel_id,
            arn=channel_arn(channel_id, account, region),
            name=name,
            account=account,
            region=region,
            source=source,
            destinations=stores,
            created_at_us=now_us,
            updated_at_us=now_us,
        )
        with self._creating:
            self._require_room(channel)
            return self._channels.create(channel, self._head(), tags).channel

    def update(
        self, text: str, name: str | None, destinations: Sequence[Mapping[str, Any]] | None, account: str, region: str
    ) -> Channel:
        """The channel with what is given. Raises the faults of UpdateChannel, ChangedMeanwhile."""
        version = self._registry.find(text, account, region)
        if name is None and destinations is None:
            raise InvalidParameter("Specify Name or Destinations.")
        channel = version.channel
        if name is not None:
            _check_name(name)
            channel = msgspec.structs.replace(channel, name=name)
        if destinations is not None:
            stores = self._destinations(destinations, account, region)
            channel = msgspec.structs.replace(channel, destinations=stores)
        channel = msgspec.structs.replace(channel, updated_at_us=self._clock.now_us())
        self._channels.replace(version, channel, self._head())
        self._registry.changed(channel.id)
        return channel

    def delete(self, text: str, account: str, region: str) -> None:
        """No event comes by the channel any more. Raises ChannelArnInvalid, ChannelNotFound, ChangedMeanwhile."""
        version = self._registry.find(text, account, region)
        self._channels.delete(version)
        self._registry.changed(version.channel.id)

    def _destinations(self, asked: Sequence[Mapping[str, Any]], account: str, region: str) -> tuple[str, ...]:
        """ARNs of the stores, which are the account's own, active, and for audit events."""
        arns: list[str] = []
        for one in asked:
            if one["Type"] != STORE_TYPE:
                raise InvalidParameter(f"The type of a destination must be {STORE_TYPE}.")
            store = self._stores.find_active(one["Location"], account, region).store
            if store.account != account:
                raise StoreNotFound(f"Event data store {one['Location']} was not found.")
            if store.category != AUDIT_CATEGORY:
                raise InvalidStoreCategory(f"Event data store {store.arn} does not hold {AUDIT_CATEGORY} events.")
            if store.arn in arns:
                raise InvalidParameter(f"The destination {store.arn} is given more than once.")
            arns.append(store.arn)
        return tuple(arns)

    def _require_room(self, channel: Channel) -> None:
        others = [version.channel for version in self._channels.of_account(channel.account, channel.region)]
        if any(other.name == channel.name for other in others):
            raise ChannelTaken(f"A channel named {channel.name} already exists.")
        if any(other.source == channel.source for other in others):
            raise ChannelTaken(f"A channel for the source {channel.source} already exists.")
        if len(others) >= limits.CHANNELS_PER_REGION:
            raise TooManyChannels


def _check_name(name: str) -> None:
    if name.startswith(_OF_SERVICES):
        raise InvalidParameter(f"Names that begin with {_OF_SERVICES} are for channels of AWS's services.")


def _check_source(source: str) -> None:
    if not source.isprintable() or source != source.strip():
        raise InvalidSource
