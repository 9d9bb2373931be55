"""LookupEvents: the event history, newest first, by one attribute and a range of time."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentrail import limits
from opentrail.api.call import Asked, Room
from opentrail.api.faults import (
    InvalidEventCategory,
    InvalidLookupAttributes,
    InvalidMaxResults,
    InvalidNextToken,
    InvalidTimeRange,
)
from opentrail.api.page_token import PageTokens, question
from opentrail.clock import MICROSECONDS
from opentrail.history.lookup import FoundEvent, LookupPage, LookupRequest

Lookup = Callable[[LookupRequest], LookupPage]

_PAGE_EVENTS: Final = 50
_READ_ONLY_VALUES: Final = ("true", "false")
_COUNT_TWICE: Final = "_ ,\n"
_EARLIEST_US: Final = -62_135_596_800 * MICROSECONDS  # the years 1 to 9999
_LATEST_US: Final = 253_402_300_800 * MICROSECONDS


class LookupRoom:
    """Answers LookupEvents out of `lookup`, which is History.lookup."""

    def __init__(self, lookup: Lookup, token_key: bytes) -> None:
        self._lookup = lookup
        self._tokens = PageTokens(token_key)

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operation that this room answers, with the faults of its own."""
        closer = {
            "LookupAttributes": InvalidLookupAttributes,
            "EventCategory": InvalidEventCategory,
            "MaxResults": InvalidMaxResults,
            "NextToken": InvalidNextToken,
        }
        return {"LookupEvents": Room(self.lookup_events, closer)}

    def lookup_events(self, asked: Asked) -> dict[str, Any]:
        """One page of events of the caller's account and Region."""
        parameters = asked.parameters
        start_us, end_us = _time_range(parameters)
        bound_to = question(asked.account, asked.region, asked.operation.name, parameters)
        token = parameters.get("NextToken")
        page = self._lookup(
            LookupRequest(
                account=asked.account,
                region=asked.region,
                attribute=_attribute(parameters),
                start_us=start_us,
                end_us=end_us,
                category="Insight" if parameters.get("EventCategory") == "insight" else "Management",
                max_results=parameters.get("MaxResults", _PAGE_EVENTS),
                after=None if token is None else self._tokens.read(token, bound_to),
            )
        )
        return {
            "Events": [_event(found) for found in page.events],
            "NextToken": None if page.next is None else self._tokens.issue(page.next, bound_to),
        }


def _attribute(parameters: Mapping[str, Any]) -> tuple[str, str] | None:
    attributes = parameters.get("LookupAttributes") or []
    if not attributes:
        return None
    if len(attributes) > 1:
        raise InvalidLookupAttributes("You can specify only one lookup attribute.")
    key, value = attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]
    if len(value) + sum(value.count(character) for character in _COUNT_TWICE) > limits.LOOKUP_ATTRIBUTE_CHARACTERS:
        raise InvalidLookupAttributes(
            f"The value of a lookup attribute can have {limits.LOOKUP_ATTRIBUTE_CHARACTERS} characters at most; "
            "'_', ' ', ',' and '\\n' count twice."
        )
    if key == "ReadOnly" and value not in _READ_ONLY_VALUES:
        raise InvalidLookupAttributes("The value of the lookup attribute ReadOnly must be 'true' or 'false'.")
    return key, value


def _time_range(parameters: Mapping[str, Any]) -> tuple[int | None, int | None]:
    start_us, end_us = parameters.get("StartTime"), parameters.get("EndTime")
    for time_us in (start_us, end_us):
        if time_us is not None and not _EARLIEST_US <= time_us < _LATEST_US:
            raise InvalidTimeRange
    if start_us is not None and end_us is not None and start_us > end_us:
        raise InvalidTimeRange
    return start_us, end_us


def _event(found: FoundEvent) -> dict[str, Any]:
    return {
        "EventId": found.event_id,
        "EventName": found.event_name,
        "ReadOnly": found.read_only,
        "AccessKeyId": found.access_key_id or None,
        "EventTime": found.time_us,
        "EventSource": found.event_source,
        "Username": found.username,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in found.resources],
        "CloudTrailEvent": found.raw.decode("utf-8", "replace"),
    }
