"""Which stores a channel named when one of its batches was appended: what the lake's follower and its readers ask."""

from collections.abc import Collection

from opentrail.catalog.channels import Channels, ChannelVersion


class ChannelDestinations:
    """The channels of a catalog over time. For one thread."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._change = -1
        self._asked_through = -1
        self._versions: dict[str, list[ChannelVersion]] = {}

    def __call__(self, channel_id: str, position: int) -> Collection[str]:
        """IDs of the stores that the channel named at that position; none for a channel that never was."""
        if position > self._asked_through:
            self._refresh()
            self._asked_through = position
        named: tuple[str, ...] = ()
        for version in self._versions.get(channel_id, ()):
            # Older versions than the first that is kept judged nothing that anybody still reads.
            if version.from_position < position or not named:
                named = version.channel.destinations
        return {arn.rpartition("/")[2] for arn in named}

    def _refresh(self) -> None:
        """Read the versions again where a channel was changed since."""
        change = self._channels.newest_change()
        if change == self._change:
            return
        versions: dict[str, list[ChannelVersion]] = {}
        for version in self._channels.all_versions():
            versions.setdefault(version.channel.id, []).append(version)
        self._versions, self._change = versions, change
