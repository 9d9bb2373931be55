"""What an answer says, in the terms of a CloudTrail record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentrail.recorder.interpretation import Interpreted
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is known about a call beside its contents."""

    request: HttpRequest
    signature: Signature | None
    account: str  # of the caller: the owner of the resources as far as we know
    region: str
    bytes_in: int = 0  # of the request's body, decoded
    bytes_out: int = 0  # of the answer's body
    cipher_suite: str | None = None  # of the client's TLS connection


@dataclass(frozen=True, slots=True)
class ExtraEvent:
    """A further event that the same call makes: one `DeleteObject` for each key of a DeleteObjects call.

    AWS writes them as data events of type AwsServiceEvent with the request id of the call; what is not named here
    (identity, time, source address, user agent) is the call's own.
    """

    event_source: str
    event_name: str
    request_parameters: dict[str, Any] | None
    resources: list[dict[str, str]]
    error_code: str | None = None
    error_message: str | None = None
    event_type: str = "AwsServiceEvent"
    category: str = "Data"
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parts of a record that need the answer. `request_parameters` are the final ones: some failures null them."""

    request_parameters: dict[str, Any] | None
    response_elements: dict[str, Any] | None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    additional_event_data: dict[str, Any] | None = None
    resources: list[dict[str, str]] | None = None
    extra_events: tuple[ExtraEvent, ...] = ()
    output: dict[str, Any] | None = field(default=None, repr=False)  # by the model's names, with secrets: never kept


def outcome(
    interpreted: Interpreted, exchange: Exchange, status: int, headers: Mapping[str, str], body: bytes | None
) -> Outcome:
    """Read an answer; `headers` by lower-case name, `body` is None where it was not held. Never raises."""
    raise NotImplementedError
