"""Where the public keys come from: an endpoint's ListPublicKeys, a file with its answer; `catalog_keys` has ours."""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from opentrail.clock import MICROSECONDS, as_datetime
from opentrail.errors import Unavailable
from opentrail.logfile.public_keys import PublicKey, read_list
from opentrail.objects.s3_client import S3Access, connect

Keys = dict[str, PublicKey]


class KeysUnavailable(Unavailable):
    """ListPublicKeys was not answered."""


class KeyBook(Protocol):
    """Public keys by Region and time."""

    def keys(self, region: str, from_us: int, to_us: int) -> Keys:
        """By fingerprint, the keys of a Region that are valid at some time from `from_us` to `to_us`.

        Raises KeysUnavailable.
        """
        ...


class ListedKeys:
    """Keys of a list that was fetched earlier: of whichever Region, since the list does not say."""

    def __init__(self, keys: list[PublicKey]) -> None:
        self._keys = keys

    @classmethod
    def read(cls, document: bytes) -> "ListedKeys":
        """The keys in an answer of ListPublicKeys. Raises BadPublicKeyList."""
        return cls(read_list(document))

    def keys(self, region: str, from_us: int, to_us: int) -> Keys:
        """The keys valid in that time; keys without a time of their own always are."""
        del region
        return {
            key.fingerprint: key
            for key in self._keys
            if not key.valid_to_us or (key.valid_to_us >= from_us and key.valid_from_us <= to_us)
        }


class EndpointKeys:
    """What an endpoint answers, AWS's or ours; every page of it."""

    def __init__(self, connect_region: Callable[[str], Any]) -> None:
        self._connect_region = cache(connect_region)  # a client takes a tenth of a second to make
        self._answers: dict[tuple[str, int, int], Keys] = {}

    @classmethod
    def at(cls, endpoint_url: str | None) -> "EndpointKeys":
        """Of `endpoint_url`, or of AWS, with the credentials that boto3 finds."""
        return cls(lambda region: connect(S3Access(endpoint_url, region), service="cloudtrail"))

    def keys(self, region: str, from_us: int, to_us: int) -> Keys:
        """ListPublicKeys in the Region, asked once for the same time."""
        asked_before = self._answers.get((region, from_us, to_us))
        if asked_before is not None:
            return asked_before
        found: Keys = {}
        asked = {"StartTime": as_datetime(from_us), "EndTime": as_datetime(to_us)}
        try:
            for page in self._connect_region(region).get_paginator("list_public_keys").paginate(**asked):
                for key in page["PublicKeyList"]:
                    times = (key.get("ValidityStartTime"), key.get("ValidityEndTime"))
                    start, end = (int(time.timestamp() * MICROSECONDS) if time is not None else 0 for time in times)
                    found[key["Fingerprint"]] = PublicKey(bytes(key["Value"]), key["Fingerprint"], start, end)
        except (ClientError, BotoCoreError, HTTPClientError) as error:
            raise KeysUnavailable(f"The public keys of {region} cannot be listed: {error}") from error
        self._answers[region, from_us, to_us] = found
        return found
