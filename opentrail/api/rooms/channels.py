"""Channels: creating, changing, deleting, reading and listing them."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidNextToken
from opentrail.api.page_token import PageTokens, question
from opentrail.catalog.channels import Channel
from opentrail.catalog.tags import Tag
from opentrail.history.lookup import Place
from opentrail.lake.channel_changes import STORE_TYPE, ChannelChanges
from opentrail.lake.channel_faults import ChannelArnInvalid, InvalidSource
from opentrail.lake.channel_registry import ChannelRegistry
from opentrail.trails.faults import InvalidTag

_PAGE_CHANNELS = 1000


class ChannelsRoom:
    """Answers the operations on channels. `token_key` signs page tokens."""

    def __init__(self, registry: ChannelRegistry, changes: ChannelChanges, token_key: bytes) -> None:
        self._registry = registry
        self._changes = changes
        self._tokens = PageTokens(token_key)

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the faults of their own."""
        named = {"Channel": ChannelArnInvalid}
        return {
            "CreateChannel": Room(self.create_channel, {"Source": InvalidSource, "Tags": InvalidTag}),
            "UpdateChannel": Room(self.update_channel, named),
            "DeleteChannel": Room(self.delete_channel, named),
            "GetChannel": Room(self.get_channel, named),
            "ListChannels": Room(self.list_channels, {"NextToken": InvalidNextToken}),
        }

    def create_channel(self, asked: Asked) -> dict[str, Any]:
        """A new channel."""
        parameters = asked.parameters
        tags = [Tag(tag["Key"], tag.get("Value")) for tag in parameters.get("Tags") or ()]
        channel = self._changes.create(
            parameters["Name"], parameters["Source"], parameters["Destinations"], tags, asked.account, asked.region
        )
        shown = [{"Key": tag.key, "Value": tag.value} for tag in tags] if tags else None
        return _answer(channel) | {"Tags": shown}

    def update_channel(self, asked: Asked) -> dict[str, Any]:
        """The name, the destinations, or both."""
        parameters = asked.parameters
        name, destinations = parameters.get("Name"), parameters.get("Destinations")
        return _answer(self._changes.update(parameters["Channel"], name, destinations, asked.account, asked.region))

    def delete_channel(self, asked: Asked) -> dict[str, Any]:
        """The channel takes no event any more; what came by it stays where it is."""
        self._changes.delete(asked.parameters["Channel"], asked.account, asked.region)
        return {}

    def get_channel(self, asked: Asked) -> dict[str, Any]:
        """The channel, and what came in by it last."""
        channel = self._registry.find(asked.parameters["Channel"], asked.account, asked.region).channel
        status = self._registry.status(channel.id)
        return _answer(channel) | {
            "SourceConfig": {"ApplyToAllRegions": False},
            "IngestionStatus": {
                "LatestIngestionSuccessTime": status.succeeded_at_us,
                "LatestIngestionSuccessEventID": status.succeeded_event,
                "LatestIngestionErrorCode": status.error_code,
                "LatestIngestionAttemptTime": status.attempted_at_us,
                "LatestIngestionAttemptEventID": status.attempted_event,
            },
        }

    def list_channels(self, asked: Asked) -> dict[str, Any]:
        """The account's channels in the Region, oldest first, a page of them."""
        parameters = asked.parameters
        bound_to = question(asked.account, asked.region, asked.operation.name, parameters)
        token = parameters.get("NextToken")
        after = Place(0, 0) if token is None else self._tokens.read(token, bound_to)
        found = [version.channel for version in self._registry.seen_by(asked.account, asked.region)]
        found = sorted((one for one in found if one.created_at_us > after.time_us), key=lambda one: one.created_at_us)
        most = parameters.get("MaxResults", _PAGE_CHANNELS)
        page = found[:most]
        more = len(found) > most
        return {
            "Channels": [{"ChannelArn": channel.arn, "Name": channel.name} for channel in page],
            "NextToken": self._tokens.issue(Place(page[-1].created_at_us, 0), bound_to) if more else None,
        }


def _answer(channel: Channel) -> dict[str, Any]:
    return {
        "ChannelArn": channel.arn,
        "Name": channel.name,
        "Source": channel.source,
        "Destinations": [{"Type": STORE_TYPE, "Location": arn} for arn in channel.destinations],
    }
