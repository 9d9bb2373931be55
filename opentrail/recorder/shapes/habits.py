"""Habits of single services that no general rule gives: wrappers, defaults, bytes that are left out."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.model import OperationModel

from opentrail.recorder.shapes.generic import lower_first

# Query services whose answers AWS writes without the one structure around them: CreateDBInstance gives
# {"dBInstanceArn": ..}, not {"dBInstance": {..}}. Source: AWS's records of RDS; the guides of the others.
UNWRAPPED: Final = frozenset(("rds", "docdb", "neptune", "redshift", "elasticache"))

# Parameters that the service adds when the caller left them out. Source: AWS's records.
_DEFAULTS: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("ec2-instance-connect", "SendSerialConsoleSSHPublicKey"): {"serialPort": 0, "monitorMode": False},
    ("iam", "CreateLoginProfile"): {"passwordResetRequired": False},
    ("kms", "Decrypt"): {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    ("kms", "Encrypt"): {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    ("kms", "ReEncrypt"): {
        "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    },
    ("lambda", "CreateFunction"): {"publish": False, "environment": {}},
    ("lambda", "UpdateFunctionCode"): {"publish": False, "dryRun": False},
    ("lambda", "UpdateFunctionConfiguration"): {"environment": {}},
    ("ssm", "SendCommand"): {"interactive": False},
}  # fmt: skip
_FUNCTION_ARN: Final = re.compile(r"arn:([^:]+):lambda:([^:]+):([^:]+):function:([^:]+)(?::(.+))?")

_DYNAMODB_ITEM_CALLS: Final = frozenset(
    ("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems",
     "TransactWriteItems", "UpdateItem", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")
)  # fmt: skip
_DYNAMODB_VALUES: Final = frozenset(("attributeUpdates", "expected", "expressionAttributeValues", "parameters"))
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")  # of PartiQL
_REDACTED: Final = "***(Redacted)"  # AWS's own mark
_DYNAMODB_TYPES: Final = frozenset(map(lower_first, ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")))


def has_request_habit(service: str) -> bool:
    """Whether `finish_parameters` does more than add what `added_parameters` says."""
    return service == "apigateway" or service in _REQUEST_HABITS


def has_answer_habit(service: str) -> bool:
    """Whether `finish_elements` changes anything."""
    return service in UNWRAPPED or service in _ANSWER_HABITS


def added_parameters(service: str, operation: str) -> Mapping[str, Any]:
    """Parameters that the service adds to those of the caller, by CloudTrail's names; none of them is secret."""
    return _DEFAULTS.get((service, operation), {})


def without_item_values(service: str, operation: str, values: dict[str, Any]) -> dict[str, Any]:
    """`values`, by the model's names, less what `finish_parameters` leaves out of them: items may be large."""
    if service != "dynamodb" or operation not in _DYNAMODB_ITEM_CALLS:
        return values
    return {
        name: list(value) if name == "Item" and isinstance(value, dict) else value
        for name, value in values.items()
        if lower_first(name) not in _DYNAMODB_VALUES
    }


def finish_parameters(service: str, operation: OperationModel, shaped: dict[str, Any]) -> dict[str, Any]:
    """`shaped` parameters as this service has them; may change and return the given object."""
    if service == "apigateway":
        return _api_gateway_request(operation, shaped)
    for name, value in added_parameters(service, operation.name).items():
        shaped.setdefault(name, value)
    habit = _REQUEST_HABITS.get(service)
    return habit(operation.name, shaped) if habit is not None else shaped


def finish_elements(service: str, operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """`shaped` answer as this service has it; may change and return the given object."""
    if service in UNWRAPPED and len(shaped) == 1:
        inner = next(iter(shaped.values()))
        return inner if isinstance(inner, dict) else shaped
    habit = _ANSWER_HABITS.get(service)
    return habit(operation, shaped) if habit is not None else shaped


def _lambda_request(operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """Variables of the environment never stand in a record."""
    if isinstance(shaped.get("environment"), dict):
        shaped["environment"] = {}
    return shaped


def _lambda_parameters(operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """An update of code by the function's ARN shows its parts as well. Source: AWS's records."""
    shaped = _lambda_request(operation, shaped)
    named = _FUNCTION_ARN.fullmatch(str(shaped.get("functionName", "")))
    if operation != "UpdateFunctionCode" or named is None:
        return shaped
    partition, region, account, function, qualifier = named.groups()
    parts = {
        "arnPrefix": {"partition": partition, "region": region, "account": account},
        "relativeId": {"functionName": function},
        "functionQualifier": {"qualifier": qualifier} if qualifier else {},
    }
    return {"fullyQualifiedArn": parts, **shaped}


def _lambda_answer(operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """Of a function's own answer nothing is told."""
    return {} if operation.startswith("Invoke") else _lambda_request(operation, shaped)


def _systems_manager_answer(operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """A command says again that it is not interactive."""
    if operation == "SendCommand" and isinstance(shaped.get("command"), dict):
        shaped["command"].setdefault("interactive", False)
    return shaped


def _api_gateway_request(operation: OperationModel, shaped: dict[str, Any]) -> dict[str, Any]:
    """What came in the body stands under the operation's own input; `template` says whether the link was one.

    Source: AWS's records, which have null where nothing was asked for.
    """
    if not shaped:
        return shaped
    members = operation.input_shape.members if operation.input_shape is not None else {}
    elsewhere = {lower_first(name) for name, member in members.items() if "location" in member.serialization}
    outer = {name: value for name, value in shaped.items() if name in elsewhere}
    inner = {name: value for name, value in shaped.items() if name not in elsewhere}
    if inner:
        outer[f"{lower_first(operation.name)}Input"] = inner
    return {**outer, "template": False}


def _secrets_manager_answer(operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """Making a secret or a value gives its ARN alone, in a spelling of its own."""
    if operation in ("CreateSecret", "PutSecretValue", "UpdateSecret") and "aRN" in shaped:
        return {"arn": shaped["aRN"]}
    return shaped


def _dynamodb_request(operation: str, shaped: dict[str, Any]) -> dict[str, Any]:
    """Item calls: keys in plain values, of items the names of their attributes alone, no values of expressions.

    Source: Amazon DynamoDB Developer Guide, "Logging DynamoDB operations by using AWS CloudTrail".
    """
    if operation not in _DYNAMODB_ITEM_CALLS:
        return shaped
    actions = shaped.pop("transactItems", None)
    batch = shaped.pop("requestItems", None) or shaped.pop("statements", None)
    cleaned: dict[str, Any] = _without_values(shaped, "item")
    if isinstance(actions, list):
        cleaned["requestItems"] = [_action(part) for part in actions if isinstance(part, dict)]
    elif batch is not None:
        cleaned["requestItems"] = _without_values(batch, "items")
    return cleaned


def _action(part: dict[str, Any]) -> dict[str, Any]:
    """One part of a transaction: `{"put": {..}}` as `{"operation": "Put", ..}`."""
    for kind, details in part.items():
        if isinstance(details, dict):
            return {"operation": kind[:1].upper() + kind[1:], **_without_values(details, "items")}
    return {}


def _without_values(value: Any, item_name: str) -> Any:
    """Items by the names of their attributes (under `item_name`), keys in plain values, no expression's values."""
    if isinstance(value, list):
        return [_without_values(part, item_name) for part in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for name, part in value.items():
        if name == "item" and isinstance(part, dict):
            kept[item_name] = list(part)
        elif name == "key" and isinstance(part, dict):
            kept[name] = _plain_key(part)
        elif name == "keys" and isinstance(part, list):
            kept[name] = [_plain_key(key) for key in part]
        elif name == "statement" and isinstance(part, str):
            kept[name] = _LITERAL.sub(_REDACTED, part)
        elif name not in _DYNAMODB_VALUES:
            kept[name] = _without_values(part, item_name)
    return kept


def _plain_key(key: Any) -> Any:
    return {name: _plain(value) for name, value in key.items()} if isinstance(key, dict) else key


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if lower_first(kind) in _DYNAMODB_TYPES:
            return inner
    return value


Habit = Callable[[str, dict[str, Any]], dict[str, Any]]
_REQUEST_HABITS: Final[Mapping[str, Habit]] = {
    "dynamodb": _dynamodb_request,
    "lambda": _lambda_parameters,
}
_ANSWER_HABITS: Final[Mapping[str, Habit]] = {
    "lambda": _lambda_answer,
    "secretsmanager": _secrets_manager_answer,
    "ssm": _systems_manager_answer,
}
