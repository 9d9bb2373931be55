"""Audit events as applications send them."""

import json
from typing import Any

from opentrail.lake.audit_events import AuditEvent

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def event_data(**change: Any) -> dict[str, Any]:
    """The members of `eventData`; None takes a member away."""
    members = {
        "version": "1",
        "userIdentity": {"type": "app-user", "principalId": "u-7"},
        "eventSource": "billing.example.com",
        "eventName": "RefundIssued",
        "eventTime": "2026-03-04T10:15:31Z",
        "UID": "r-991",
        "recipientAccountId": ACCOUNT,
        **change,
    }
    return {name: value for name, value in members.items() if value is not None}


def audit_event(event_id: str = "e1", checksum: str | None = None, **change: Any) -> AuditEvent:
    return AuditEvent(event_id, json.dumps(event_data(**change)), checksum)
