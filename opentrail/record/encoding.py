"""Records of our own making, as bytes: AWS's order of fields, compact JSON on one line, UTF-8, within AWS's caps.

Fields that the order does not know come last, as they were given. `requestParameters` and `responseElements` are always
there, null where nothing is known, but for the kinds of event that never carry them (Insights, network activity).
Caps (limits.py): four texts are cut; parameters and additional data are left out when larger than theirs; a record that
is still larger than limits.RECORD_BYTES loses fields one after the other in the order that AWS names for large events.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from opentrail import limits
from opentrail.record.depth import exceeds_depth
from opentrail.record.faults import BadRecord

TOP_LEVEL_ORDER = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData",
    "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion", "managementEvent",
    "recipientAccountId", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "serviceEventDetails", "addendum",
    "insightDetails", "eventCategory", "edgeDeviceDetails", "tlsDetails", "sessionCredentialFromConsole",
    "eventContext", "annotation",
)  # fmt: skip
IDENTITY_ORDER = (
    "type", "principalId", "arn", "accountId", "accessKeyId", "userName", "sessionContext", "invokedBy",
    "invokedByDelegate", "identityProvider", "inScopeOf", "onBehalfOf", "credentialId",
)  # fmt: skip
_SESSION_CONTEXT_ORDER = (
    "sessionIssuer", "webIdFederationData", "attributes", "sourceIdentity", "assumedRoot", "ec2RoleDelivery",
)  # fmt: skip
_SESSION_ISSUER_ORDER = ("type", "principalId", "arn", "accountId", "userName")
_TLS_ORDER = ("tlsVersion", "cipherSuite", "clientProvidedHostHeader", "keyExchange")
_RESOURCE_ORDER = ("accountId", "type", "ARN", "ARNPrefix")

_TEXT_FIELDS = ("userAgent", "errorCode", "errorMessage", "requestID")
_SIZED_FIELDS = {
    "requestParameters": limits.PARAMETERS_BYTES,
    "responseElements": limits.PARAMETERS_BYTES,
    "serviceEventDetails": limits.PARAMETERS_BYTES,
    "additionalEventData": limits.ADDITIONAL_DATA_BYTES,
    "edgeDeviceDetails": limits.ADDITIONAL_DATA_BYTES,
}
LEAST_CAP_BYTES = min(_SIZED_FIELDS.values())  # a record of so many bytes at most is within every cap
_NULL_WHEN_LEFT_OUT = ("requestParameters", "responseElements")
_LEAVE_OUT_ORDER = (
    "annotation", "requestID", "additionalEventData", "serviceEventDetails", "userAgent", "errorCode", "eventContext",
    "responseElements", "requestParameters", "errorMessage",
)  # fmt: skip
_WITHOUT_PARAMETERS = ("Insight", "NetworkActivity", "Aggregated")


def encode(fields: Mapping[str, Any]) -> bytes:
    """The record that `fields` describe, ready for the journal.

    Top-level values of None are left out, but for the two parameter fields. What is nested deeper than
    limits.RECORD_DEPTH becomes null, so that `view.view` always reads what this writes. Raises BadRecord where the
    record stays above limits.RECORD_BYTES after all that may be left out is left out.
    """
    record = _ordered(fields, TOP_LEVEL_ORDER, keep_null=_NULL_WHEN_LEFT_OUT)
    if fields.get("eventCategory") not in _WITHOUT_PARAMETERS:
        record = _with_parameters(record)
    _order_inside(record)
    for name in _TEXT_FIELDS:
        text = record.get(name)
        if isinstance(text, str):
            record[name] = cut_text(text)
    encoded = _encode(record)
    if len(encoded) <= LEAST_CAP_BYTES:
        return encoded
    return _within_caps(record)


def _within_caps(record: dict[str, Any]) -> bytes:
    for name, cap in _SIZED_FIELDS.items():
        if record.get(name) is not None and len(_encode(record[name])) > cap:
            _leave_out(record, name)
    encoded = _encode(record)
    for name in _LEAVE_OUT_ORDER:
        if len(encoded) <= limits.RECORD_BYTES:
            return encoded
        if record.get(name) is not None:
            _leave_out(record, name)
            encoded = _encode(record)
    if len(encoded) > limits.RECORD_BYTES:
        raise BadRecord(f"larger than {limits.RECORD_BYTES} bytes even without its parameters")
    return encoded


def _leave_out(record: dict[str, Any], name: str) -> None:
    if name in _NULL_WHEN_LEFT_OUT:
        record[name] = None
    else:
        del record[name]


def _with_parameters(record: dict[str, Any]) -> dict[str, Any]:
    if all(name in record for name in _NULL_WHEN_LEFT_OUT):
        return record
    return _ordered(
        {"requestParameters": None, "responseElements": None, **record}, TOP_LEVEL_ORDER, keep_null=_NULL_WHEN_LEFT_OUT
    )


def _order_inside(record: dict[str, Any]) -> None:
    """The order within userIdentity, tlsDetails and the entries of resources; parameters stay as they were given."""
    identity = record.get("userIdentity")
    if isinstance(identity, Mapping):
        record["userIdentity"] = ordered_identity(identity)
    tls = record.get("tlsDetails")
    if isinstance(tls, Mapping):
        record["tlsDetails"] = _ordered(tls, _TLS_ORDER)
    entries = record.get("resources")
    if isinstance(entries, list | tuple):
        record["resources"] = [
            _ordered(entry, _RESOURCE_ORDER) if isinstance(entry, Mapping) else entry for entry in entries
        ]


def ordered_identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    """`userIdentity` in AWS's order, also inside its session context; members that are None are left out."""
    ordered = _ordered(identity, IDENTITY_ORDER)
    context = ordered.get("sessionContext")
    if isinstance(context, Mapping):
        context = _ordered(context, _SESSION_CONTEXT_ORDER)
        issuer = context.get("sessionIssuer")
        if isinstance(issuer, Mapping):
            context["sessionIssuer"] = _ordered(issuer, _SESSION_ISSUER_ORDER)
        ordered["sessionContext"] = context
    return ordered


def _ordered(fields: Mapping[str, Any], order: tuple[str, ...], keep_null: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: value
        for name in _names_in_order(tuple(fields), order)
        if (value := fields[name]) is not None or name in keep_null
    }


@functools.lru_cache(maxsize=256)
def _names_in_order(names: tuple[str, ...], order: tuple[str, ...]) -> tuple[str, ...]:
    """`names` as `order` has them, then those that it does not know; most records have the same few sets of names."""
    known = tuple(name for name in order if name in names)
    return known + tuple(name for name in names if name not in known)


def cut_text(text: str) -> str:
    """The longest beginning of `text` that has at most limits.TEXT_FIELD_BYTES in UTF-8."""
    if len(text) * 4 <= limits.TEXT_FIELD_BYTES:
        return text
    encoded = text.encode("utf-8", "surrogatepass")
    within = len(encoded) <= limits.TEXT_FIELD_BYTES
    return text if within else encoded[: limits.TEXT_FIELD_BYTES].decode("utf-8", "ignore")


def encode_value(value: Any, levels: int) -> bytes:
    """`value` as JSON, at most `levels` deep; what JSON or UTF-8 cannot carry is replaced as in records."""
    try:
        encoded = json_bytes(value)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError):
        return json_bytes(_writable(value, levels))
    return json_bytes(_writable(value, levels)) if exceeds_depth(encoded, levels) else encoded


def _encode(record: Any) -> bytes:
    return encode_value(record, limits.RECORD_DEPTH)


def _writable(value: Any, levels: int) -> Any:
    """`value` with what JSON or UTF-8 cannot carry replaced: lone surrogates, unknown types (as text), depth."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int | float):
        return value
    if levels == 0:
        return None
    if isinstance(value, Mapping):
        return {str(_writable(str(key), 0)): _writable(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_writable(item, levels - 1) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(_writable(str(value), 0))


json_bytes: Callable[[Any], bytes] = msgspec.json.Encoder().encode
