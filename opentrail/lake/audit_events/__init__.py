"""Audit events of applications (PutAuditEvents): checked, stamped, durable in the journal, each once.

event_data   what an event must say, why it is refused, and the form in which it is stored
recent       what came in of late, so that an event that is sent again is not kept twice
putting      one call, from its channel to its answer
"""

from opentrail.lake.audit_events.event_data import AuditEvent
from opentrail.lake.audit_events.putting import AuditEvents

__all__ = ["AuditEvent", "AuditEvents"]
