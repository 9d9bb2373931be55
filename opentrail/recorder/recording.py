"""From a call and its answer to the fields of its records."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from opentrail.accounts.identity import unknown_identity, user_identity
from opentrail.recorder.call import Call
from opentrail.recorder.interpretation import Interpreted, interpret
from opentrail.recorder.outcome import Exchange, ExtraEvent, Outcome, outcome
from opentrail.recorder.refusals import Fault
from opentrail.recorder.resources import Touched, resources_of
from opentrail.recorder.settings import RecorderSettings

Fields = dict[str, Any]

# Services whose events are in us-east-1, wherever they were signed for.
GLOBAL_SERVICES = frozenset({"iam", "route53", "cloudfront", "organizations", "waf", "shield", "globalaccelerator"})
GLOBAL_REGION = "us-east-1"
ANONYMOUS = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}


class AnswerSeen(msgspec.Struct, frozen=True):
    """An upstream's answer, as far as it has come."""

    status: int
    headers: Mapping[str, str]  # by lower-case name
    body: bytes | None  # None where it is not read for the record
    bytes_in: int  # of the request's body, as the upstream got it
    bytes_out: int  # of the answer's body


def read_outcome(call: Call, settings: RecorderSettings, answer: AnswerSeen) -> Outcome:
    """What the upstream's answer says."""
    tls = call.connection.tls() if call.connection is not None else None
    exchange = Exchange(
        request=call.request,
        signature=call.signature,
        account=_recipient(call, settings),
        region=region_of(call, settings),
        bytes_in=answer.bytes_in,
        bytes_out=answer.bytes_out,
        cipher_suite=tls[1] if tls is not None else None,
    )
    return outcome(_interpreted(call), exchange, answer.status, answer.headers, answer.body)


def announced(call: Call, settings: RecorderSettings) -> Fields:
    """The record of a call before its upstream has it: what the call asks for, and of whom."""
    fields = _asked(call, settings)
    touched = Touched(_interpreted(call), call.request, _recipient(call, settings), region_of(call, settings), None)
    fields["responseElements"] = None
    _put(fields, "resources", resources_of(touched))
    return fields


def answered(call: Call, settings: RecorderSettings, found: Outcome) -> list[Fields]:
    """The records of a call that its upstream answered: its own, then those it makes besides."""
    fields = _asked(call, settings)
    fields["requestParameters"] = found.request_parameters
    fields["responseElements"] = found.response_elements
    fields["requestID"] = found.request_id
    _put(fields, "errorCode", found.error_code)
    _put(fields, "errorMessage", found.error_message)
    _put(fields, "additionalEventData", found.additional_event_data)
    _put(fields, "resources", found.resources)
    return [fields, *(_extra(fields, extra) for extra in found.extra_events)]


def refused(call: Call, settings: RecorderSettings, fault: Fault, request_id: str) -> Fields:
    """The record of a call that we answered with an error ourselves."""
    fields = _asked(call, settings)
    fields["errorCode"] = fault.recorded_code
    fields["errorMessage"] = fault.message
    fields["responseElements"] = None
    fields["requestID"] = request_id
    return fields


def broken_off(fields: Fields, fault: Fault) -> Fields:
    """The record `fields` of a call whose answer had begun when it broke off."""
    return {**fields, "errorCode": fault.recorded_code, "errorMessage": fault.message, "responseElements": None}


def without_details(fields: Fields) -> Fields:
    """The record `fields` without anything whose size a caller decides."""
    return {
        **fields,
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": None,
        "resources": None,
    }


def region_of(call: Call, settings: RecorderSettings) -> str:
    """The Region of the call's records."""
    if call.service in GLOBAL_SERVICES:
        return GLOBAL_REGION
    return call.region or settings.region


def _asked(call: Call, settings: RecorderSettings) -> Fields:
    asked = _interpreted(call)
    service = call.principal.service if call.principal is not None else None
    fields: Fields = {
        "userIdentity": _identity(call, settings),
        "eventSource": asked.event_source,
        "eventName": asked.event_name,
        "awsRegion": region_of(call, settings),
        "sourceIPAddress": service or call.source_address,
        "userAgent": service or _user_agent(call),
        "requestParameters": asked.request_parameters,
        "readOnly": asked.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": asked.management_event,
        "recipientAccountId": _recipient(call, settings),
        "eventCategory": asked.category,
    }
    if service is None:
        fields["tlsDetails"] = _tls_details(call)
    else:  # as AWS has it, with one event for the service's own account, which does not exist here, and one for ours
        fields["sharedEventID"] = str(uuid.uuid4())
    _put(fields, "apiVersion", asked.api_version)
    return fields


def _extra(fields: Fields, extra: ExtraEvent) -> Fields:
    about = {
        **fields,
        "eventSource": extra.event_source,
        "eventName": extra.event_name,
        "requestParameters": extra.request_parameters,
        "responseElements": None,
        "resources": extra.resources,
        "readOnly": extra.read_only,
        "eventType": extra.event_type,
        "managementEvent": extra.category == "Management",
        "eventCategory": extra.category,
        "errorCode": extra.error_code,
        "errorMessage": extra.error_message,
    }
    about.pop("additionalEventData", None)
    return about


def _interpreted(call: Call) -> Interpreted:
    if call.interpreted is None:
        call.interpreted = interpret(call.service, call.request, call.captured, call.signature)
    return call.interpreted


def _identity(call: Call, settings: RecorderSettings) -> dict[str, Any]:
    if call.principal is not None and call.key is not None:
        return user_identity(call.principal, call.key.access_key_id)
    if call.signature is None and call.service == "s3":
        return dict(ANONYMOUS)
    claimed = as_text(call.signature.access_key) if call.signature is not None else None
    return unknown_identity(claimed)


def _recipient(call: Call, settings: RecorderSettings) -> str:
    return call.principal.account if call.principal is not None else settings.home_account


def _user_agent(call: Call) -> str:
    agent = as_text(call.request.header("user-agent"))
    return f"[{agent}]" if call.service == "s3" else agent


def _tls_details(call: Call) -> dict[str, str]:
    details: dict[str, str] = {}
    tls = call.connection.tls() if call.connection is not None else None
    if tls is not None:
        details["tlsVersion"], details["cipherSuite"] = tls
    details["clientProvidedHostHeader"] = as_text(call.request.host)
    return details


def as_text(wire: str) -> str:
    """A text of the wire (Latin-1) as what its sender meant, where it is UTF-8."""
    return wire if wire.isascii() else wire.encode("latin-1").decode("utf-8", "replace")


def _put(fields: Fields, name: str, value: Any) -> None:
    if value is not None:
        fields[name] = value
