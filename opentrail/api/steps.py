"""The path of a call through the API, step by step, in AWS's order.

A step fills in its part of the call or raises the fault that the caller gets. The one exception is an unreadable body:
it is found first and told first, but the steps go on until the caller is known, so that the record can name him.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.authentication import authenticate
from opentrail.api import validation
from opentrail.api.admission import MayCall, SeenSignatures
from opentrail.api.authorization import Authorizer
from opentrail.api.call import Asked, Call, Room
from opentrail.api.faults import (
    NotRecorded,
    SerializationFault,
    Throttled,
    UnknownOperation,
    UnsupportedOperation,
    ValidationFault,
)
from opentrail.api.input_reading import read_audit_events, read_document, read_structure
from opentrail.api.operations import OPERATIONS, TARGET_SERVICE, Operation
from opentrail.api.retention import require_floor
from opentrail.clock import Clock
from opentrail.wire.service_models import service_model
from opentrail.wire.signature_errors import InvalidSignature, MissingAuthentication
from opentrail.wire.sigv4 import UNSIGNED_PAYLOAD, read_signature

DATA_PATH = "/PutAuditEvents"
_JSON_TYPES = frozenset({"application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps need beyond the call."""

    access_keys: AccessKeys
    clock: Clock
    rooms: Mapping[str, Room]
    may_record: Callable[[], bool]
    authorizer: Authorizer
    may_call: MayCall
    seen: SeenSignatures
    least_retention_days: int = 0  # that an event data store may have


Step = Callable[[Surroundings, Call], None]


def find_service(around: Surroundings, call: Call) -> None:
    """Which of both services is meant; calls of `cloudtrail` name a target, those of `cloudtrail-data` a path."""
    if call.request.path.startswith(DATA_PATH) and "x-amz-target" not in call.request.headers_by_name:
        call.service = "cloudtrail-data"


def read_body(around: Surroundings, call: Call) -> None:
    """The JSON of the body."""
    if call.service == "cloudtrail-data":
        call.audit_events = read_audit_events(call.body)
        if call.audit_events is not None:
            return
    try:
        call.document = read_document(call.body)
    except SerializationFault as fault:
        call.unreadable = fault


def find_operation(around: Surroundings, call: Call) -> None:
    """Which operation is called."""
    request = call.request
    content_type = request.header("content-type").partition(";")[0].strip().lower()
    if request.method != "POST" or content_type not in _JSON_TYPES:
        raise UnknownOperation
    if call.service == "cloudtrail-data":
        name = "PutAuditEvents" if request.path == DATA_PATH else ""
    else:
        # Java and Python name the service with its package, Go without: what follows the last dot counts
        service, _, called = request.header("x-amz-target").rpartition(".")
        name = called if request.path == "/" and service.rpartition(".")[2] == TARGET_SERVICE else ""
    operation = OPERATIONS.get(name)
    if operation is None or operation.service != call.service:
        raise UnknownOperation
    call.operation = operation


def find_caller(around: Surroundings, call: Call) -> None:
    """Who calls, proven by signature over the whole call."""
    signature = read_signature(call.request)
    if signature is None:
        raise MissingAuthentication
    call.signature = signature
    if signature.service != call.service:
        raise InvalidSignature(f"Credential should be scoped to correct service: '{call.service}'.")
    if signature.is_streaming or signature.payload_hash == UNSIGNED_PAYLOAD:
        raise InvalidSignature("The body must be covered by the signature.")
    sha256 = hashlib.sha256(call.body).hexdigest()
    call.key = authenticate(call.request, signature, around.access_keys, sha256, around.clock)


def admit(around: Surroundings, call: Call) -> None:
    """The caller may call so often, and has not made this very change before."""
    operation = _known(call)
    if call.key is None or call.signature is None:
        raise MissingAuthentication
    if not around.may_call(call.key.principal, operation.name):
        raise Throttled
    if not operation.read_only:
        around.seen.note(call.signature)


def read_parameters(around: Surroundings, call: Call) -> None:
    """The parameters, by the types of the model."""
    if call.unreadable is not None:
        raise call.unreadable
    shape = service_model(call.service).operation_model(_known(call).name).input_shape
    if shape is None:
        call.parameters = {}
        return
    document = dict(call.document)
    if call.service == "cloudtrail-data":
        pairs = dict(parse_qsl(call.request.query, keep_blank_values=True))
        in_query = {name for name, member in shape.members.items() if member.serialization.get("location")}
        document = {name: value for name, value in document.items() if name not in in_query}
        document |= {name: pairs[name] for name in in_query if name in pairs}
    call.parameters = read_structure(shape, document)
    if call.audit_events is not None:
        call.parameters = {**call.parameters, "auditEvents": call.audit_events}


def keep_guarantee(around: Surroundings, call: Call) -> None:
    """Nothing is done that could not be recorded."""
    if not around.may_record():
        raise NotRecorded


def authorize(around: Surroundings, call: Call) -> None:
    """The caller may do this: the policies that speak of him say so; and nobody may keep events too shortly."""
    require_floor(call, around.least_retention_days)
    call.owner = around.authorizer.check(call)


def find_room(around: Surroundings, call: Call) -> None:
    """Operations without a room yet are refused, never answered as if they had worked."""
    name = _known(call).name
    if name not in around.rooms:
        raise UnsupportedOperation(f"{name} is not supported.")


def validate(around: Surroundings, call: Call) -> None:
    """The parameters, by the rules of the model; the operation's own fault where it has a closer one."""
    operation = _known(call)
    shape = service_model(call.service).operation_model(operation.name).input_shape
    if shape is None or call.parameters is None:
        return
    room = around.rooms[operation.name]
    passed = room.own_rules | ({"auditEvents"} if call.audit_events is not None else frozenset())
    broken = validation.violations(shape, call.parameters, passed)
    if not broken:
        return
    for member, fault in room.closer_faults.items():
        own = [one for one in broken if one.top == validation.lower_first(member)]
        if own:
            raise fault(str(own[0]))
    raise ValidationFault(validation.message(broken))


STEPS: tuple[Step, ...] = (
    find_service,
    read_body,
    find_operation,
    find_caller,
    admit,
    read_parameters,
    keep_guarantee,
    authorize,
    find_room,
    validate,
)


def asked(call: Call) -> Asked:
    """What the room is asked, once all steps are done."""
    if call.key is None or call.signature is None or call.parameters is None:
        raise UnknownOperation
    principal = call.key.principal
    return Asked(_known(call), principal.account, call.signature.region, principal, call.parameters, call.owner)


def _known(call: Call) -> Operation:
    if call.operation is None:
        raise UnknownOperation
    return call.operation
