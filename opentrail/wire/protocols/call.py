"""A call that was read from a request: which operation, with which parameters."""

from typing import Any

import msgspec
from botocore.model import OperationModel

from opentrail.errors import ClientError


class UnreadableCall(ClientError):
    """The request cannot be read as a call of its service.

    `operation` is the operation's name where at least that could be told; `reason` is one of a few words, fit
    for a metric's label.
    """

    code = "SerializationException"

    def __init__(self, reason: str, operation: OperationModel | None = None, operation_name: str = "") -> None:
        super().__init__(f"Unreadable call: {reason}")
        self.reason = reason
        self.operation = operation
        self.operation_name = operation.name if operation is not None else operation_name


class ParsedRequest(msgspec.Struct, frozen=True):
    """An operation and its parameters by the model's member names.

    Numbers and booleans are of the model's type where the text allows it, else text as sent. Timestamps stay as
    sent (text or number), blobs are base64 text, streaming bodies are left out. The dictionaries are fresh: the
    caller may change them.
    """

    service: str  # botocore's name of the service
    operation: OperationModel
    protocol: str  # the protocol that was spoken, which need not be the model's first
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
