"""PutAuditEvents: events of applications, by a channel."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import msgspec

from opentrail.api.call import Asked, Room
from opentrail.lake.audit_events import AuditEvent, AuditEvents
from opentrail.lake.channel_faults import InvalidAuditChannel

_EVENTS = list[AuditEvent]


class AuditEventsRoom:
    """Answers PutAuditEvents, once what it calls successful is durable."""

    def __init__(self, audit_events: AuditEvents) -> None:
        self._audit_events = audit_events

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operation that this room answers; what names a channel, an ARN or an ID, it checks itself."""
        return {"PutAuditEvents": Room(self.put_audit_events, own_rules=frozenset({"channelArn"}))}

    def put_audit_events(self, asked: Asked) -> "Future[Mapping[str, Any]]":
        """The future of the answer."""
        channel = asked.parameters.get("channelArn")
        if not channel:
            raise InvalidAuditChannel("Specify channelArn.")
        events = msgspec.convert(asked.parameters["auditEvents"], _EVENTS)
        return self._audit_events.put(channel, events, asked.owner, asked.region)
