"""The eight look-up attributes: what a record answers to, and what of it may be looked up by whom.

An event is found in one *scope* alone: its account, its Region and its class. The class keeps the events that
LookupEvents never shows (data, network activity) out of the way of those that it does.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from opentrail.record.derived import resources, username
from opentrail.record.view import RecordView, insight

EVENT_ID: Final = "EventId"
EVENT_NAME: Final = "EventName"
EVENT_SOURCE: Final = "EventSource"
READ_ONLY: Final = "ReadOnly"
USERNAME: Final = "Username"
ACCESS_KEY_ID: Final = "AccessKeyId"
RESOURCE_TYPE: Final = "ResourceType"
RESOURCE_NAME: Final = "ResourceName"

ATTRIBUTES: Final = (
    EVENT_ID,
    EVENT_NAME,
    READ_ONLY,
    USERNAME,
    RESOURCE_TYPE,
    RESOURCE_NAME,
    EVENT_SOURCE,
    ACCESS_KEY_ID,
)

MANAGEMENT: Final = "Management"
INSIGHT: Final = "Insight"
OTHER: Final = "Other"
CLASSES: Final = (MANAGEMENT, INSIGHT, OTHER)

Resource = tuple[str | None, str]  # type or None, name


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where an event can be found. `category_class` is one of CLASSES."""

    account: str
    region: str
    category_class: str


def class_of(category: str) -> str:
    """The class of an event category."""
    return category if category in (MANAGEMENT, INSIGHT) else OTHER


class Answers(msgspec.Struct, frozen=True, gc=False):
    """What one record answers to, besides its event ID. Not a dataclass: one is made for every record that passes."""

    event_name: str | None
    event_source: str | None
    read_only: str | None
    username: str | None
    access_key_id: str | None
    resources: list[Resource]

    def match(self, attribute: str, value: str) -> bool:
        """Whether the record answers to `value` of `attribute` (any but EVENT_ID), exactly and case-sensitively."""
        if attribute == RESOURCE_TYPE:
            return any(kind == value for kind, _ in self.resources)
        if attribute == RESOURCE_NAME:
            return any(name == value for _, name in self.resources)
        return value == {
            EVENT_NAME: self.event_name,
            EVENT_SOURCE: self.event_source,
            READ_ONLY: self.read_only,
            USERNAME: self.username,
            ACCESS_KEY_ID: self.access_key_id,
        }.get(attribute)


def answers(record: RecordView, category: str) -> Answers:
    """What `record` answers to. Insights events answer to the name and source of the calls that they speak of alone."""
    if category == INSIGHT:
        details = insight(record)
        return Answers(
            event_name=record.eventName or (details.eventName if details is not None else None),
            event_source=record.eventSource or (details.eventSource if details is not None else None),
            read_only=None,
            username=None,
            access_key_id=None,
            resources=[],
        )
    identity = record.userIdentity
    return Answers(
        event_name=record.eventName,
        event_source=record.eventSource,
        read_only=read_only_text(record.readOnly),
        username=username(record),
        access_key_id=(identity.accessKeyId or None) if identity is not None else None,
        resources=resources(record),
    )


def read_only_text(flag: bool | None) -> str | None:
    """`readOnly` as LookupEvents spells it."""
    return None if flag is None else "true" if flag else "false"
