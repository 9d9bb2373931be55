"""The guards of an upstream: policies that deny calls before they go there, whoever makes them.

What the recorder does not know of a call counts as meant by a Deny (accounts/policy/guard.py): a call that it cannot
read is refused, and where it cannot tell the resource a Deny on any resource holds.
"""

from collections.abc import Iterator
from typing import Protocol
from urllib.parse import parse_qsl

from opentrail import limits
from opentrail.accounts.policy import Request
from opentrail.accounts.policy.guard import denied_by
from opentrail.accounts.policy_caller import Keys, caller_of, principal_keys
from opentrail.accounts.principal import Principal
from opentrail.arn import parse_arn
from opentrail.clock import MICROSECONDS, Clock, as_datetime
from opentrail.recorder.access.guard_actions import actions_of, prefix_of
from opentrail.recorder.answers.refusals import DeniedByPolicy
from opentrail.recorder.call import Call
from opentrail.recorder.records.recording import region_of
from opentrail.recorder.records.resources import Touched, deleted_keys, resources_of
from opentrail.recorder.settings import RecorderSettings
from opentrail.recorder.shapes.s3 import bucket_and_key
from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.wire.protocols.scalars import percent_decoded

_SAME_SERVICE = frozenset(("sns", "secretsmanager", "stepfunctions", "kinesis"))  # an ARN in a call is what it is about

_NAMED_WITHIN = frozenset(("dynamodb", "ssm"))  # whose calls name resources in lists

_BROWSERS = frozenset(("PostObject", "PreflightRequest"))


class Around(Protocol):
    """What the guards need beyond the call."""

    @property
    def settings(self) -> RecorderSettings:
        """The recorder's settings."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...


def keep_guards(around: Around, call: Call) -> None:
    """Nothing goes on that the upstream's own guards deny. Raises DeniedByPolicy."""
    guards = call.upstream.guards if call.upstream is not None else ()
    if not guards:
        return
    asked = call.interpreted
    if asked is None or not is_understood(asked):
        raise DeniedByPolicy("The call cannot be understood, and the policies of its upstream deny what cannot be.")
    principal = call.principal or (call.key.principal if call.key is not None else None)
    caller, context = caller_of(principal), condition_keys(around, call, principal)
    for actions, resource in wanted(around, call, asked, principal):
        for action in actions:
            request = Request(caller, action, resource or "", context)
            if denied_by(guards, request, resource_known=resource is not None) is not None:
                raise DeniedByPolicy(_sentence(call, principal, action, resource))


def is_understood(asked: Interpreted) -> bool:
    """Whether its name is one that a model has, and not just what the caller wrote; browsers call S3 by two more."""
    return asked.operation is not None or (asked.service == "s3" and asked.operation_name in _BROWSERS)


def _sentence(call: Call, principal: Principal | None, action: str, resource: str | None) -> str:
    who = (principal.arn or principal.service if principal is not None else None) or "anonymous"
    on = f' on resource: "{resource}"' if call.service == "s3" else f" on resource: {resource}"
    on = on if resource not in (None, "*") else ""
    return f"User: {who} is not authorized to perform: {action}{on} with an explicit deny in a resource control policy"


def condition_keys(around: Around, call: Call, principal: Principal | None) -> Keys:
    """What conditions may ask of a call."""
    now_us, request = around.clock.now_us(), call.request
    nobody: Keys = {"aws:PrincipalType": "Anonymous"} if call.signature is None else {}
    keys: Keys = {
        **(principal_keys(principal, now_us) if principal is not None else nobody),
        "aws:SourceIp": call.source_address,
        "aws:SecureTransport": "true" if call.connection is not None and call.connection.tls() else "false",
        "aws:CurrentTime": as_datetime(now_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(now_us // MICROSECONDS),
        "aws:RequestedRegion": region_of(call, around.settings),
        "aws:ViaAWSService": "false",
    }
    if call.vpc_endpoint:
        keys["aws:SourceVpce"] = call.vpc_endpoint
    for key, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
        if request.header(header):
            keys[key] = request.header(header)
    return keys | _s3_keys(call) if call.service == "s3" else keys


def _s3_keys(call: Call) -> Keys:
    """S3's own condition keys: headers by their names, and what listings ask for."""
    keys: Keys = {f"s3:{name}": value for name, value in call.request.headers if name.startswith("x-amz-")}
    for name, value in parse_qsl(call.request.query, keep_blank_values=True):
        if name in ("prefix", "delimiter", "max-keys"):
            keys[f"s3:{name}"] = value
        elif name == "versionId":
            keys["s3:VersionId"] = value
    return keys


def wanted(
    around: Around, call: Call, asked: Interpreted, principal: Principal | None
) -> Iterator[tuple[list[str], str | None]]:
    """Actions, and the resource that they are for; None where nobody knows it."""
    if asked.service == "s3":
        yield from _wanted_of_s3(call, asked)
        return
    account = principal.account if principal is not None else call.owner or around.settings.home_account
    touched = Touched(asked, call.request, account, region_of(call, around.settings), None)
    actions = actions_of(asked, call.request, versioned=False)
    arns = [entry["ARN"] for entry in resources_of(touched) or () if "ARN" in entry] or _named(asked, touched)
    for arn in arns or (None,):
        yield actions, arn
    if len(arns) >= limits.RESOURCES_OF_A_CALL or any(
        is_elsewhere(arn, asked, account, touched.region) for arn in arns
    ):
        yield actions, None


def is_elsewhere(arn: str, asked: Interpreted, account: str, region: str) -> bool:
    """Whether the caller wrote an ARN of another place than the call's: an upstream may look at its last part alone."""
    parsed = parse_arn(arn)
    if parsed is None or asked.service == "iam":
        return False
    if asked.service == "sts":
        return (parsed.partition, parsed.region) != ("aws", "")
    if (parsed.partition, parsed.region, parsed.account) == ("aws", region, account):
        return False
    return asked.service in _NAMED_WITHIN or arn in (asked.parameters or {}).values() or asked.service == "sqs"


def _named(asked: Interpreted, touched: Touched) -> list[str]:
    """The ARN by which a call names what it is about, of services that need no other."""
    service, parameters = asked.service or "", asked.parameters or {}
    if service == "sqs" and isinstance(parameters.get("QueueUrl"), str):
        steps = parameters["QueueUrl"].partition("://")[2].split("/")
        account = steps[-2] if len(steps) > 1 and steps[-2].isdigit() else touched.account
        return [f"arn:aws:sqs:{touched.region}:{account}:{steps[-1]}"] if len(steps) > 1 else []
    if service not in _SAME_SERVICE:
        return []
    beginning = f"arn:aws:{prefix_of(service)}:"
    return [value for value in parameters.values() if isinstance(value, str) and value.startswith(beginning)]


def _wanted_of_s3(call: Call, asked: Interpreted) -> Iterator[tuple[list[str], str | None]]:
    bucket, key = bucket_and_key(call.request)
    if not bucket:
        yield actions_of(asked, call.request, versioned=False), "*"
        return
    home = f"arn:aws:s3:::{bucket}"
    if asked.operation_name == "DeleteObjects":
        keys = deleted_keys(asked)
        for name, version in keys:
            yield [_deletes(version), *actions_of(asked, call.request, versioned=False)[1:]], _object(bucket, name)
        if not keys:
            yield ["s3:DeleteObject", "s3:DeleteObjectVersion"], None
        return
    if asked.operation_name == "PostObject":
        key = str((asked.parameters or {}).get("Key") or "")
    versioned = any(name == "versionId" for name, _ in parse_qsl(call.request.query, keep_blank_values=True))
    yield actions_of(asked, call.request, versioned=versioned), _object(bucket, key) if key else home
    source = call.request.header("x-amz-copy-source")
    if source:
        copied_bucket, _, copied_key = percent_decoded(source.partition("?")[0]).lstrip("/").partition("/")
        yield (
            ["s3:GetObjectVersion" if "versionId=" in source else "s3:GetObject"],
            _object(copied_bucket, copied_key),
        )


def _deletes(version: str | None) -> str:
    return "s3:DeleteObjectVersion" if version else "s3:DeleteObject"


def _object(bucket: str, key: str) -> str | None:
    """The object's ARN; None for a key that an upstream may read as another: `a//b`, `a/../b`, a `${filename}`."""
    steps = key.split("/")
    odd = not {"", ".", ".."}.isdisjoint(steps[:-1]) or steps[-1] in (".", "..") or "${filename}" in key
    return None if odd else f"arn:aws:s3:::{bucket}/{key}"
