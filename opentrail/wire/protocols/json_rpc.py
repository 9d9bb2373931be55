"""AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, the parameters as one JSON object."""

import functools

from botocore.model import OperationModel

from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.call import ParsedRequest, UnreadableCall
from opentrail.wire.protocols.json_values import Rename, decode_object, renamer
from opentrail.wire.service_models import service_model


def read(service: str, request: HttpRequest, body: bytes | None) -> ParsedRequest:
    """The call in a JSON request; no body given (None) raises UnreadableCall that knows the operation."""
    name = request.header("x-amz-target").rpartition(".")[2]
    operation, rename = compiled(service, name)
    if body is None:
        raise UnreadableCall("body was not held", operation)
    try:
        parameters = decode_object(body)
    except UnreadableCall as error:
        raise UnreadableCall(error.reason, operation) from error
    if rename is not None:
        parameters = rename(parameters)
    return ParsedRequest(service, operation, "json", parameters)


@functools.lru_cache(maxsize=4096)
def compiled(service: str, name: str) -> tuple[OperationModel, Rename | None]:
    """The operation and what renames its JSON. Raises UnreadableCall where the service has no such operation."""
    model = service_model(service)
    if name not in model.operation_names:
        raise UnreadableCall("no such operation", operation_name=name)
    operation = model.operation_model(name)
    return operation, renamer(operation.input_shape)
