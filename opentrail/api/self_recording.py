"""Our own API's calls are events too: what their records say."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from opentrail.accounts.identity import unknown_identity, user_identity
from opentrail.api.call import Call
from opentrail.api.operations import Operation
from opentrail.api.validation import lower_first
from opentrail.arn import Arn, parse_arn
from opentrail.clock import MICROSECONDS, as_datetime
from opentrail.wire.canonical import as_utf8
from opentrail.wire.service_models import service_model

_RECORDED_CODES: Final = {"AccessDeniedException": "AccessDenied"}  # where records name errors otherwise than answers
_FIRST_YEAR_US = -62_135_596_800 * MICROSECONDS
_PUT_EVENTS: Final = "PutAuditEvents"
_CHANNEL: Final = "AWS::CloudTrail::Channel"
_LAST_YEAR_US = 253_402_300_800 * MICROSECONDS


def record_of(
    call: Call, operation: Operation, source_address: str, home_account: str, home_region: str
) -> dict[str, Any]:
    """The fields of the record of `call`, which is answered or refused by now.

    Who cannot be named, because key or signature are wrong, is recorded in the home account.
    """
    model = service_model(operation.service).operation_model(operation.name)
    account = call.key.principal.account if call.key is not None else home_account
    fields: dict[str, Any] = {
        "userIdentity": _identity(call),
        "eventSource": operation.event_source,
        "eventName": operation.name,
        "awsRegion": call.signature.region if call.signature is not None and call.signature.region else home_region,
        "sourceIPAddress": source_address,
        "requestParameters": recorded(model.input_shape, _shown(call.parameters)) if call.parameters else None,
        "responseElements": None,
        "requestID": call.request_id,
        "readOnly": operation.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": operation.category == "Management",
        "recipientAccountId": account,
        "eventCategory": operation.category,
    }
    if operation.name == _PUT_EVENTS and call.parameters and call.parameters.get("channelArn"):
        fields["resources"] = [_channel(call.parameters["channelArn"], fields["awsRegion"], account)]
    return fields | _client(call) | _outcome(call, operation, model)


def _identity(call: Call) -> dict[str, Any]:
    """Who called; who cannot be named has the key that the signature claims."""
    if call.key is not None:
        return user_identity(call.key.principal, call.key.access_key_id)
    return unknown_identity(as_utf8(call.signature.access_key) if call.signature is not None else None)


def _client(call: Call) -> dict[str, Any]:
    """The caller's program and connection; a service that calls is its own program."""
    service = call.key.principal.service if call.key is not None else None
    if service is not None:
        return {"sourceIPAddress": service, "userAgent": service}
    fields: dict[str, Any] = {}
    if call.request.header("user-agent"):
        fields["userAgent"] = as_utf8(call.request.header("user-agent"))
    if call.request.host:
        tls = call.request.tls
        session = {"tlsVersion": tls[0], "cipherSuite": tls[1]} if tls is not None else {}
        fields["tlsDetails"] = {**session, "clientProvidedHostHeader": as_utf8(call.request.host)}
    return fields


def _outcome(call: Call, operation: Operation, model: OperationModel) -> dict[str, Any]:
    """What came of it: the fault, or of a change what was answered."""
    if call.fault is not None:
        code = {"errorCode": _RECORDED_CODES.get(call.fault.code, call.fault.code)}
        return {**code, "errorMessage": call.fault.message} if call.fault.message else code
    if operation.name == _PUT_EVENTS and call.output is not None:
        return {"additionalEventData": {name: len(call.output[name]) for name in ("successful", "failed")}}
    if call.output and not operation.read_only:
        return {"responseElements": recorded(model.output_shape, call.output)}
    return {}


def _shown(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters without the events that a call brings: those are events themselves, of their stores."""
    return {name: value for name, value in parameters.items() if name != "auditEvents"}


def _channel(named: str, region: str, account: str) -> dict[str, str]:
    arn = parse_arn(named) or Arn("cloudtrail", region, account, f"channel/{named}")
    return {"accountId": arn.account, "type": _CHANNEL, "ARN": str(arn)}


def recorded(shape: Shape, value: Any) -> Any:
    """A value as records show it: member names with their first letter lowered, times as ISO 8601, blobs as base64."""
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        return {lower_first(name): recorded(shape.members[name], part) for name, part in value.items()}
    if isinstance(shape, ListShape):
        return [recorded(shape.member, part) for part in value]
    if isinstance(shape, MapShape):
        return {key: recorded(shape.value, part) for key, part in value.items()}
    if shape.type_name == "timestamp":
        return _as_time(value)
    return value


def _as_time(us: int) -> str | int:
    if not _FIRST_YEAR_US <= us < _LAST_YEAR_US:
        return us // MICROSECONDS  # no calendar has a name for it
    return as_datetime(us).isoformat(timespec="milliseconds" if us % MICROSECONDS else "seconds").replace("+00:00", "Z")
