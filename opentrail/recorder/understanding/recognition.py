"""Which service a request is for: by its signature's scope, else by what unsigned requests show of themselves."""

import functools
import re
from collections.abc import Iterable
from typing import Final

from botocore.model import OperationModel

from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.call import UnreadableCall
from opentrail.wire.protocols.json_values import decode_object
from opentrail.wire.protocols.rest import routes
from opentrail.wire.protocols.s3_addressing import bucket_in_host
from opentrail.wire.protocols.scalars import pairs_of_form, query_pairs
from opentrail.wire.service_models import (
    UnknownService,
    available_services,
    protocols,
    service_model,
    services_at,
    services_signing_as,
)
from opentrail.wire.service_names import BEARER_SERVICES
from opentrail.wire.signature import Signature

_S3_CONTROL_PATH: Final = "/v20180820/"
_S3_OUTPOSTS_PATH: Final = "/S3Outposts/"
_CBOR_PATH: Final = "/service/"
_HOST_LABELS: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_BEGINNING_OF_BODY: Final = 16 * 1024  # bytes in which Action and Version of a form are looked for
_SEARCH_PATH: Final = "/2013-01-01/"  # of cloudsearchdomain, which sends searches by POST as its model has them by GET
_JSON_TYPES: Final = {"list": list, "map": dict, "structure": dict, "string": str}
_REMEMBERED_CHARACTERS: Final = 512  # of a path and its query whose routes are kept
_FORM: Final = "application/x-www-form-urlencoded"


def recognise(request: HttpRequest, signature: Signature | None, body: bytes | None = None) -> str | None:
    """botocore's name of the service that `request` calls; None where nothing tells it.

    `body` helps unsigned calls and shared signing names of the Query protocol (Action and Version); a beginning of
    it is enough. Never raises.
    """
    candidates = services_signing_as(signature.service) if signature is not None and signature.service else ()
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and signature is not None and signature.service:
        return None
    return _by_target(request, candidates) or (
        _among(request, body, candidates) if candidates else _unsigned(request, body)
    )


def _among(request: HttpRequest, body: bytes | None, candidates: tuple[str, ...]) -> str:
    """The one of several services with the same signing name that the request fits."""
    if "s3" in candidates:
        return _kind_of_s3(request.path, candidates)
    if "cloudsearchdomain" in candidates and request.path.startswith(_SEARCH_PATH):
        return "cloudsearchdomain"
    host_services = [name for name in _named_by_host(request.host) if name in candidates]
    if len(host_services) == 1:
        return host_services[0]
    action, version = action_and_version(request, body)
    if action:
        found = _by_version(candidates, version) or _with_operation(candidates, action)
        if found is not None:
            return found
    return _by_route(request, candidates, body) or candidates[0]


def _kind_of_s3(path: str, candidates: tuple[str, ...]) -> str:
    if "s3outposts" in candidates and path.startswith(_S3_OUTPOSTS_PATH):
        return "s3outposts"
    return "s3control" if path.startswith(_S3_CONTROL_PATH) else "s3"


def _by_target(request: HttpRequest, candidates: Iterable[str]) -> str | None:
    """By X-Amz-Target, or by the service in the path of a CBOR call; several services may share a target."""
    target, _, operation = request.header("x-amz-target").rpartition(".")
    if not target and request.path.startswith(_CBOR_PATH):
        target, _, operation = request.path.removeprefix(_CBOR_PATH).partition("/operation/")
    if not target:
        return None
    names = tuple(candidates)
    if not names:
        return _services_by_target().get(target)
    aimed = [name for name in names if target in _targets(name)]
    return _with_operation(aimed, operation) or (aimed[0] if aimed else None)


def _unsigned(request: HttpRequest, body: bytes | None) -> str | None:
    """Unsigned calls: STS and Cognito before there are credentials, S3 for everyone, and what the host names."""
    for name in _named_by_host(request.host):
        return name
    action, version = action_and_version(request, body)
    if action:
        if action.startswith(("AssumeRole", "GetCallerIdentity", "GetSessionToken", "GetFederationToken")):
            return "sts"
        return _by_version(_QUERY_SERVICES, version) or _with_operation(_QUERY_SERVICES, action)
    if "x-amz-target" in request.headers_by_name or "smithy-protocol" in request.headers_by_name:
        return None
    return _unsigned_rest(request) or "s3"


def _unsigned_rest(request: HttpRequest) -> str | None:
    """REST services that take calls without a signature; S3 has no JSON and none of these headers."""
    headers = request.headers_by_name
    if headers.get("authorization", "").lower().startswith("bearer "):
        return _by_route(request, sorted(BEARER_SERVICES))
    if _PORTAL_TOKEN in headers or headers.get("content-type", "").startswith("application/json"):
        return _by_route(request, _UNSIGNED_REST)
    return None


_PORTAL_TOKEN: Final = "x-amz-sso_bearer_token"
_UNSIGNED_REST: Final = ("sso-oidc", "sso", "signin")
_QUERY_SERVICES: Final = (
    "sts", "iam", "ec2", "sns", "sqs", "rds", "cloudformation", "autoscaling", "elbv2", "elb", "cloudwatch", "ses",
    "elasticache", "redshift", "elasticbeanstalk", "sdb",
)  # fmt: skip
_TARGET_SERVICES: Final = (
    "dynamodb", "dynamodbstreams", "sqs", "kms", "logs", "ssm", "secretsmanager", "cognito-idp", "cognito-identity",
    "events", "kinesis", "firehose", "ecs", "ecr", "stepfunctions", "cloudtrail", "config", "organizations", "glue",
    "athena", "acm", "codebuild", "codecommit", "cloudwatch", "route53domains", "resourcegroupstaggingapi", "wafv2",
)  # fmt: skip


@functools.lru_cache(maxsize=512)
def _targets(service: str) -> frozenset[str]:
    try:
        return frozenset({str(service_model(service).metadata.get("targetPrefix", ""))} - {""})
    except UnknownService:
        return frozenset()


@functools.cache
def _services_by_target() -> dict[str, str]:
    return {target: name for name in _TARGET_SERVICES for target in _targets(name)}


@functools.lru_cache(maxsize=1024)
def _named_by_host(host: str) -> tuple[str, ...]:
    """The services that the host name of an AWS-like endpoint names; the first label alone counts elsewhere."""
    name = host.rpartition(":")[0] if ":" in host else host
    name = name.lower()
    if bucket_in_host(name) is not None:
        return ("s3",)
    if _HOST_LABELS.fullmatch(name) is None or name.replace(".", "").isdigit():
        return ()
    labels = name.split(".")
    for count in (3, 2, 1):
        if len(labels) > count:
            found = services_at(".".join(labels[:count]))
            if found:
                return found
    return ()


def _by_version(candidates: Iterable[str], version: str) -> str | None:
    if not version:
        return None
    for name in candidates:
        if name in available_services() and service_model(name).metadata.get("apiVersion") == version:
            return name
    return None


def _with_operation(candidates: Iterable[str], action: str) -> str | None:
    for name in candidates:
        if action in service_model(name).operation_names:
            return name
    return None


def _by_route(request: HttpRequest, candidates: Iterable[str], body: bytes | None = None) -> str | None:
    """The service whose most specific route the request has; of equals the one whose members the body has."""
    short = len(request.path) + len(request.query) <= _REMEMBERED_CHARACTERS
    best = _best_routes if short else _best_routes.__wrapped__
    equals = best(tuple(candidates), request.method, request.path, request.query, tuple(request.headers_by_name))
    if len(equals) > 1 and body:
        equals = tuple(pair for pair in equals if _fits(pair[1], body)) or equals
    return equals[0][0] if equals else None


@functools.lru_cache(maxsize=1024)
def _best_routes(
    candidates: tuple[str, ...], method: str, path: str, query: str, headers: tuple[str, ...]
) -> tuple[tuple[str, OperationModel], ...]:
    """Services and operations with the most specific route; callers come with the same few paths again and again."""
    best: tuple[int, int, bool] | None = None
    equals: list[tuple[str, OperationModel]] = []
    parameters = dict(query_pairs(query))
    for name in candidates:
        if not any(protocol.startswith("rest-") for protocol in protocols(name)):
            continue
        found = routes(name).find(method, path, parameters, headers)
        if found is not None:
            rank = found[0].rank(path)[:3]
            if best is None or rank > best:
                best, equals = rank, []
            if rank == best:
                equals.append((name, found[0].operation))
    return tuple(equals)


def _fits(operation: OperationModel, body: bytes) -> bool:
    """Whether a JSON body has the members that the operation requires, and none but its own, of the right kind."""
    try:
        found = decode_object(body)
    except UnreadableCall:
        return False
    members = operation.input_shape.members if operation.input_shape is not None else {}
    in_body = {
        str(member.serialization.get("name", name)): (member.type_name, name in operation.input_shape.required_members)
        for name, member in members.items()
        if "location" not in member.serialization
    }
    return found.keys() <= in_body.keys() and all(
        isinstance(found[name], _JSON_TYPES.get(kind, object)) if name in found else not needed
        for name, (kind, needed) in in_body.items()
    )


def action_and_version(request: HttpRequest, body: bytes | None) -> tuple[str, str]:
    """Action and Version of a Query call, from the query string or the beginning of a form body; else empty."""
    if "Action=" in request.query:
        return _first_action_and_version(query_pairs(request.query))
    if body and request.header("content-type").lower().startswith(_FORM):
        beginning = body if len(body) <= _BEGINNING_OF_BODY else body[:_BEGINNING_OF_BODY]
        if b"Action=" in beginning:
            return _first_action_and_version(pairs_of_form(beginning))
    return "", ""


def _first_action_and_version(pairs: list[tuple[str, str]]) -> tuple[str, str]:
    first: dict[str, str] = {}
    for name, value in pairs:
        if value:
            first.setdefault(name, value)
    return first.get("Action", ""), first.get("Version", "")
