"""Error codes as records have them, and which failures hide the parameters."""

import functools
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from botocore.model import OperationModel

# Services whose refusals leave no parameters in the record. Source: AWS's records (event-record 7.1).
_HIDE_PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    "sts": frozenset(("AccessDenied", "AccessDeniedException")),
    "organizations": frozenset(("AccessDenied", "AccessDeniedException")),
    "ssm": frozenset(("ThrottlingException",)),
}
_SERVER_FAULT: Final = 500
_EC2_PREFIXES: Final = ("Client.", "Server.")

# S3 answers HEAD without a body: what the status stands for.
_S3_HEAD: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("HeadObject", "404"): ("NoSuchKey", "The specified key does not exist."),
    ("HeadBucket", "404"): ("NoSuchBucket", "The specified bucket does not exist"),
}
_S3_STATUS: Final[Mapping[str, tuple[str, str]]] = {
    "301": ("PermanentRedirect", "The bucket must be addressed using the specified endpoint."),
    "400": ("BadRequest", "Bad Request"),
    "403": ("AccessDenied", "Access Denied"),
    "404": ("NotFound", "Not Found"),
    "412": ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
}


def recorded_code(service: str | None, operation: OperationModel | None, code: str, status: int) -> str:
    """The record's errorCode: EC2's with its side in front, modelled ones by the name of their shape.

    IAM's wire code `NoSuchEntity` is `NoSuchEntityException` in records, RDS's `InvalidDBInstanceState` is
    `InvalidDBInstanceStateFault`: the shapes' names.
    """
    if service == "ec2":
        if code.startswith(_EC2_PREFIXES):
            return code
        return f"{'Server' if status >= _SERVER_FAULT else 'Client'}.{code}"
    if operation is None or service in ("s3", "s3control"):
        return code
    return _shape_names(operation).get(code, code)


def head_error(operation_name: str, code: str, message: str | None) -> tuple[str, str | None]:
    """Code and message of a failed S3 call that had no body to say them."""
    found = _S3_HEAD.get((operation_name, code)) or _S3_STATUS.get(code)
    return found if found is not None else (code, message)


def status_code_name(code: str) -> str:
    """What stands for an error that only its HTTP status tells: `ServiceUnavailable` for 503."""
    status = next((known for known in HTTPStatus if str(known.value) == code), None)
    return status.phrase.replace(" ", "").replace("-", "") if status is not None else f"HTTP{code}"


def hides_parameters(service: str | None, code: str) -> bool:
    """Whether a failure with this code leaves requestParameters null."""
    return code in _HIDE_PARAMETERS.get(service or "", ())


@functools.lru_cache(maxsize=4096)
def _shape_names(operation: OperationModel) -> dict[str, str]:
    """Wire code -> name of the error's shape, the operation's own errors before the service's."""
    shapes = [*operation.service_model.error_shapes, *operation.error_shapes]
    names = {}
    for shape in shapes:
        error = shape.metadata.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if code:
            names[str(code)] = str(shape.name)
    return names
