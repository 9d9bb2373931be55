"""Audit events of a program, sent to a channel of CloudTrail Lake: OpenTrail's, or AWS's own.

    from opentrail.audit import AuditLog, User

    log = AuditLog("arn:aws:cloudtrail:us-east-1:123456789012:channel/ID", source="billing.example.com")
    log.put("RefundIssued", User("app-user", "u-7"), request={"order": "o-1"})

event      what an event says, and its text
log        `AuditLog`: what a program holds
shipping   the thread that sends what waits, in batches, and tries again
calls      one PutAuditEvents call, and what its answer means for each event

Nothing here imports the server. docs/AUDIT-EVENTS.md tells what is promised.
"""

from opentrail.audit.event import BadEvent, User
from opentrail.audit.log import AuditLog
from opentrail.audit.shipping import Counts, Failure

__all__ = ["AuditLog", "BadEvent", "Counts", "Failure", "User"]
