"""What a request asks for, in the terms of a CloudTrail record."""

from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel

from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature


@dataclass(frozen=True, slots=True)
class Interpreted:
    """A call before its answer is known.

    `request_parameters` has CloudTrail's shape and holds no secret. `parameters` are the same by the model's names,
    secrets included: for `learning` and `outcome` alone, never for a record or a log.
    """

    service: str | None  # botocore's name; None where it is unknown
    event_source: str  # "ec2.amazonaws.com"
    event_name: str  # "GetFunction20150331v2"
    operation_name: str  # "GetFunction"; empty where it is unknown
    read_only: bool
    category: str  # "Management" | "Data"
    request_parameters: dict[str, Any] | None = None
    api_version: str | None = None
    operation: OperationModel | None = field(default=None, repr=False)
    protocol: str = ""
    parameters: dict[str, Any] | None = field(default=None, repr=False)
    unreadable: str | None = None  # why the parameters could not be read

    @property
    def management_event(self) -> bool:
        """The record's `managementEvent`."""
        return self.category == "Management"


def interpret(
    service: str | None, request: HttpRequest, body: bytes | None, signature: Signature | None = None
) -> Interpreted:
    """Read a request; `body` is None where it was not held (its parameters are null then). Never raises.

    What cannot be read is counted in `opentrail_calls_unreadable` and named in `unreadable`.
    """
    raise NotImplementedError
