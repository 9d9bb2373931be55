"""One call of the API on its way through the steps, and what a room is asked."""

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.principal import Principal
from opentrail.api.faults import SerializationFault
from opentrail.api.operations import Operation, Service
from opentrail.errors import ClientError, OpenTrailError
from opentrail.lake.audit_events import AuditEvent
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature


@dataclass(frozen=True, slots=True)
class Asked:
    """What a room gets: a valid question of a proven caller. Times in `parameters` are microseconds.

    `owner`: whose event data store, channel or dashboard the call is about, where policies let the caller use that of
    another account; else the caller's own account.
    """

    operation: Operation
    account: str
    region: str
    principal: Principal
    parameters: Mapping[str, Any]
    owner: str = ""

    def __post_init__(self) -> None:
        if not self.owner:
            object.__setattr__(self, "owner", self.account)


@dataclass(frozen=True, slots=True)
class Room:
    """What answers one operation.

    `answer` runs in a thread and returns the output by the model's member names, times in microseconds.
    `closer_faults` names the fault of a member (of the input's top level) that breaks a rule of the model, where
    the operation has one of its own. `after_recorded` is the second half of an operation that takes effect at the
    position of its own record: called in a thread once that is durable, and never when `answer` has failed. What it
    raises the caller is told, while the record says that the call was made. An `answer` that has to wait for the disk
    returns the future of its output, and its thread is free meanwhile. `own_rules`: members of the input's top level
    whose rules of the model do not count, since the operation has its own.
    """

    answer: Callable[[Asked], "Mapping[str, Any] | Future[Mapping[str, Any]]"]
    closer_faults: Mapping[str, type[ClientError]] = field(default_factory=dict)
    after_recorded: Callable[[Asked, int], None] | None = None
    own_rules: frozenset[str] = frozenset()


@dataclass(slots=True)
class Call:
    """One call; each step fills in its part."""

    request: HttpRequest
    body: bytes
    service: Service = "cloudtrail"
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    operation: Operation | None = None
    document: Mapping[str, Any] = field(default_factory=dict)  # the body as JSON
    audit_events: list[AuditEvent] | None = None  # of a usual PutAuditEvents, in place of the document
    unreadable: SerializationFault | None = None  # why the body is no such thing
    signature: Signature | None = None
    key: AccessKey | None = None
    parameters: Mapping[str, Any] | None = None  # by the model's names; None: not understood
    owner: str = ""  # see Asked; known once policies have let the call pass
    intent: int | None = None  # on disk; the call's record ends it
    output: Mapping[str, Any] | None = None
    fault: OpenTrailError | None = None
