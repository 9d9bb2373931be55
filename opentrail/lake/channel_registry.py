"""Which channel a caller means, whether events may come by it, and what came in by it last."""

import re
import threading
from dataclasses import dataclass
from typing import Final

from opentrail import limits
from opentrail.arn import Arn, parse_arn
from opentrail.catalog.channels import Channel, Channels, ChannelStatus, ChannelVersion
from opentrail.catalog.event_data_stores import EventDataStores
from opentrail.clock import MICROSECONDS, Clock
from opentrail.lake.channel_faults import (
    ChannelArnInvalid,
    ChannelNotFound,
    InvalidAuditChannel,
    MayNotPut,
    NoSuchAuditChannel,
)

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_TYPE: Final = "channel/"


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found of a channel, and until when that is believed."""

    version: ChannelVersion | None
    takes_events: bool
    until: float


def channel_arn(channel_id: str, account: str, region: str) -> str:
    """The ARN of a channel."""
    return str(Arn("cloudtrail", region, account, f"{_TYPE}{channel_id}"))


class ChannelRegistry:
    """Finds channels for callers. Safe from any thread."""

    def __init__(self, channels: Channels, stores: EventDataStores, clock: Clock) -> None:
        self._channels = channels
        self._stores = stores
        self._clock = clock
        self._looked: dict[str, _Looked] = {}
        self._statuses: dict[str, ChannelStatus] = {}
        self._written_at: dict[str, int] = {}
        self._lock = threading.Lock()

    def find(self, text: str, account: str, region: str) -> ChannelVersion:
        """The caller's channel that an ARN or ID means. Raises ChannelArnInvalid, ChannelNotFound."""
        named = _read(text, account, region)
        if named is None:
            raise ChannelArnInvalid(f"{text} is not a valid channel ARN.")
        found = self._channels.find(named[0])
        if (
            found is None
            or (found.channel.account, found.channel.region) != (account, region)
            or named[1:]
            != (
                account,
                region,
            )
        ):
            raise ChannelNotFound(f"Channel {text} was not found.")
        return found

    def seen_by(self, account: str, region: str) -> list[ChannelVersion]:
        """The account's channels in the Region, by name."""
        return self._channels.of_account(account, region)

    def find_to_put(self, text: str, account: str, region: str) -> Channel:
        """The channel that an ARN or ID means to a caller who may bring events to the channels of `account`.

        Raises InvalidAuditChannel, NoSuchAuditChannel, MayNotPut.
        """
        named = _read(text, account, region)
        if named is None:
            raise InvalidAuditChannel(f"{text} is not a valid channel ARN.")
        version = self._look(named[0]).version
        if version is None or named[1:] != (version.channel.account, version.channel.region):
            raise NoSuchAuditChannel(f"Channel {text} was not found.")
        channel = version.channel
        if channel.region != region:
            raise NoSuchAuditChannel(f"Channel {text} was not found in {region}.")
        if channel.account != account:
            raise MayNotPut
        return channel

    def takes_events(self, channel: Channel) -> bool:
        """Whether a store of the channel ingests."""
        return self._look(channel.id).takes_events

    def changed(self, channel_id: str) -> None:
        """The channel is another one from now on, for this process at once."""
        with self._lock:
            self._looked.pop(channel_id, None)

    def note(self, channel_id: str, status: ChannelStatus) -> None:
        """Remember what came in by the channel; the catalog learns of it every limits.CHANNEL_STATUS_SECONDS."""
        now_us = self._clock.now_us()
        with self._lock:
            before = self._statuses.get(channel_id)
        before = self._channels.status(channel_id) if before is None else before
        status = ChannelStatus(
            attempted_at_us=status.attempted_at_us,
            attempted_event=status.attempted_event or before.attempted_event,
            succeeded_at_us=status.succeeded_at_us or before.succeeded_at_us,
            succeeded_event=status.succeeded_event or before.succeeded_event,
            error_code=status.error_code,
        )
        with self._lock:
            self._statuses[channel_id] = status
            due = now_us - self._written_at.get(channel_id, 0) >= limits.CHANNEL_STATUS_SECONDS * MICROSECONDS
            if due:
                self._written_at[channel_id] = now_us
        if due:
            self._channels.write_status(channel_id, status)

    def status(self, channel_id: str) -> ChannelStatus:
        """What came in by the channel last."""
        with self._lock:
            found = self._statuses.get(channel_id)
        return self._channels.status(channel_id) if found is None else found

    def _look(self, channel_id: str) -> _Looked:
        now = self._clock.monotonic()
        with self._lock:
            looked = self._looked.get(channel_id)
        if looked is not None and looked.until > now:
            return looked
        version = self._channels.find(channel_id)
        takes_events = version is not None and any(map(self._ingests, version.channel.destinations))
        looked = _Looked(version, takes_events, now + limits.CHANNEL_REFRESH_SECONDS)
        with self._lock:
            if version is not None:  # names that somebody makes up are not remembered
                self._looked[channel_id] = looked
        return looked

    def _ingests(self, store_arn: str) -> bool:
        found = self._stores.find(store_arn.rpartition("/")[2])
        return found is not None and found.store.ingests


def _read(text: str, account: str, region: str) -> tuple[str, str, str] | None:
    """ID, account and Region of the channel that an ARN or ID names; None where it is neither."""
    if _ID.fullmatch(text):
        return text, account, region
    arn = parse_arn(text)
    if arn is None or (arn.partition, arn.service) != ("aws", "cloudtrail") or not arn.resource.startswith(_TYPE):
        return None
    channel_id = arn.resource.removeprefix(_TYPE)
    if not _ID.fullmatch(channel_id) or not _ACCOUNT.fullmatch(arn.account):
        return None
    return channel_id, arn.account, arn.region
