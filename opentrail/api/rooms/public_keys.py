"""ListPublicKeys: with which keys digests of a Region were signed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidTimeRange, InvalidToken
from opentrail.clock import Clock
from opentrail.logfile.public_keys import PublicKey

ListedKeys = Callable[[str, int, int], Sequence[PublicKey]]  # Region, first and last microsecond of validity


class PublicKeysRoom:
    """Shows public keys out of `listed`."""

    def __init__(self, listed: ListedKeys, clock: Clock) -> None:
        self._listed = listed
        self._clock = clock

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operation that this room answers."""
        return {"ListPublicKeys": Room(self.list_public_keys)}

    def list_public_keys(self, asked: Asked) -> dict[str, Any]:
        """The keys that are valid at some time of the range, in one page; without a range, those valid now."""
        if asked.parameters.get("NextToken"):
            raise InvalidToken
        now = self._clock.now_us()
        start, end = asked.parameters.get("StartTime", now), asked.parameters.get("EndTime", now)
        if start > end:
            raise InvalidTimeRange
        return {
            "PublicKeyList": [
                {
                    "Value": key.value,
                    "ValidityStartTime": key.valid_from_us,
                    "ValidityEndTime": key.valid_to_us,
                    "Fingerprint": key.fingerprint,
                }
                for key in self._listed(asked.region, start, end)
            ]
        }
