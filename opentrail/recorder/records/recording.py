"""From a call and its answer to its records."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from opentrail import limits
from opentrail.accounts.identity import unknown_identity, user_identity
from opentrail.accounts.principal import AWS_SERVICE, Principal
from opentrail.record.call_record import CallRecord, identity_json
from opentrail.recorder.answers.refusals import Fault
from opentrail.recorder.call import Call
from opentrail.recorder.identity.session_parameters import in_both_accounts, with_what_comes_along
from opentrail.recorder.records.outcome import Exchange, Outcome, outcome
from opentrail.recorder.records.record_parts import (
    ANONYMOUS,
    as_text,
    extra_record,
    outcome_parts,
    region_of_events,
    user_agent,
)
from opentrail.recorder.records.resources import Touched, resources_of
from opentrail.recorder.settings import RecorderSettings
from opentrail.recorder.understanding.interpretation import Interpreted, interpret

_IDENTITIES: dict[str, tuple[Principal, bytes]] = {}  # by access key: whose it is, and that as JSON


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


def announced(call: Call, settings: RecorderSettings) -> CallRecord:
    """The record of a call before its upstream has it: what the call asks for, and of whom."""
    asked, account, region = _interpreted(call), _recipient(call, settings), region_of(call, settings)
    touched = Touched(asked, call.request, account, region, None)
    return _record(call, settings, request_parameters=asked.request_parameters, resources=resources_of(touched))


def answered(call: Call, settings: RecorderSettings, found: Outcome) -> list[CallRecord]:
    """The records of a call that its upstream answered: its own, then those it makes besides."""
    parts = outcome_parts(found)
    if call.service == "sts":
        parts["request_parameters"] = with_what_comes_along(call, _interpreted(call), found.request_parameters)
        return in_both_accounts(_record(call, settings, **parts), call, _interpreted(call))
    record = _record(call, settings, **parts)
    if not found.extra_events:
        return [record]
    return [record, *(extra_record(record, extra) for extra in found.extra_events)]


def refused(call: Call, settings: RecorderSettings, fault: Fault, request_id: str) -> CallRecord:
    """The record of a call that we answered with an error ourselves."""
    return _record(
        call,
        settings,
        request_parameters=_interpreted(call).request_parameters,
        error_code=fault.recorded_code,
        error_message=fault.message,
        request_id=request_id,
    )


def broken_off(record: CallRecord, fault: Fault) -> CallRecord:
    """The record of a call whose answer had begun when it broke off."""
    return replace(record, error_code=fault.recorded_code, error_message=fault.message, response_elements=None)


def without_details(record: CallRecord) -> CallRecord:
    """The record without anything whose size a caller decides."""
    return replace(record, request_parameters=None, response_elements=None, additional_event_data=None, resources=None)


def region_of(call: Call, settings: RecorderSettings) -> str:
    """The Region of the call's records."""
    return region_of_events(call.service, call.region or settings.region)


def _record(call: Call, settings: RecorderSettings, **found: Any) -> CallRecord:
    asked = _interpreted(call)
    service = call.principal.service if call.principal is not None else None
    if service is None:
        found["host"] = as_text(call.request.host)
        found["tls"] = call.connection.tls() if call.connection is not None else None
    elif call.principal is not None and call.principal.type == AWS_SERVICE:
        # as AWS has it, with one event for the service's own account, which does not exist here, and one for ours
        found["shared_event_id"] = str(uuid.uuid4())
    return CallRecord(
        identity=_identity(call, settings),
        event_source=asked.event_source,
        event_name=asked.event_name,
        region=region_of(call, settings),
        source_address=service or call.source_address,
        user_agent=service or user_agent(call.service, call.request),
        read_only=asked.read_only,
        category=asked.category,
        account=_recipient(call, settings),
        api_version=asked.api_version,
        vpc_endpoint_id=call.vpc_endpoint,
        **found,
    )


def _interpreted(call: Call) -> Interpreted:
    if call.interpreted is None:
        call.interpreted = interpret(call.service, call.request, call.captured, call.signature)
    return call.interpreted


def _identity(call: Call, settings: RecorderSettings) -> bytes:
    principal, key = call.principal, call.key
    if principal is not None and key is not None:
        remembered = _IDENTITIES.get(key.access_key_id)
        if remembered is None or remembered[0] is not principal:
            remembered = principal, identity_json(user_identity(principal, key.access_key_id))
            if len(_IDENTITIES) >= limits.ACCESS_KEYS_IN_MEMORY:
                _IDENTITIES.clear()
            _IDENTITIES[key.access_key_id] = remembered
        return remembered[1]
    if principal is not None:
        return identity_json(user_identity(principal, None))
    if call.signature is None and call.service == "s3":
        return identity_json(ANONYMOUS)
    claimed = as_text(call.signature.access_key) if call.signature is not None else None
    return identity_json(unknown_identity(claimed))


def _recipient(call: Call, settings: RecorderSettings) -> str:
    return call.principal.account if call.principal is not None else call.owner or settings.home_account
