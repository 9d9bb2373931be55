"""Parts of a record that are the same whoever made it, the proxy or a client: what was asked for, what came of it."""

from typing import Any, Final

from msgspec.structs import replace

from opentrail.record.call_record import CallRecord
from opentrail.recorder.records.outcome import ExtraEvent, Outcome
from opentrail.wire.http import HttpRequest

# Services whose events are in us-east-1, wherever they were signed for.
GLOBAL_SERVICES: Final = frozenset(
    {"iam", "route53", "cloudfront", "organizations", "waf", "shield", "globalaccelerator"}
)
GLOBAL_REGION: Final = "us-east-1"
ANONYMOUS: Final = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}


def region_of_events(service: str | None, region: str) -> str:
    """The Region of the records of a service's calls in `region`."""
    return GLOBAL_REGION if service in GLOBAL_SERVICES else region


def user_agent(service: str | None, request: HttpRequest) -> str:
    """The record's `userAgent`: S3 puts the header in brackets."""
    agent = as_text(request.header("user-agent"))
    return f"[{agent}]" if service == "s3" else agent


def outcome_parts(found: Outcome) -> dict[str, Any]:
    """What an answer adds to a CallRecord, by its members' names."""
    return {
        "request_parameters": found.request_parameters,
        "response_elements": found.response_elements,
        "error_code": found.error_code,
        "error_message": found.error_message,
        "additional_event_data": found.additional_event_data,
        "request_id": found.request_id,
        "resources": found.resources,
    }


def extra_record(record: CallRecord, extra: ExtraEvent) -> CallRecord:
    """The record of a further event that the call of `record` makes."""
    return replace(
        record,
        event_source=extra.event_source,
        event_name=extra.event_name,
        request_parameters=extra.request_parameters,
        response_elements=None,
        additional_event_data=None,
        resources=extra.resources,
        read_only=extra.read_only,
        event_type=extra.event_type,
        category=extra.category,
        error_code=extra.error_code,
        error_message=extra.error_message,
    )


def as_text(wire: str) -> str:
    """A text of the wire (Latin-1) as what its sender meant, where it is UTF-8."""
    return wire if wire.isascii() else wire.encode("latin-1").decode("utf-8", "replace")
