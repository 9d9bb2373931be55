"""Whether the caller of the API may do what the call asks for, by policy; and AWS's sentence where it may not."""

from collections.abc import Callable

from opentrail.accounts.attached_policies import AttachedPolicies
from opentrail.accounts.policy import Decision, Policies, PolicyKind, Request, Verdict, decide
from opentrail.accounts.policy_caller import Keys, caller_of, principal_keys
from opentrail.accounts.principal import Principal
from opentrail.api.call import Call
from opentrail.api.faults import AccessDenied, UnknownOperation
from opentrail.api.permissions import Needed, permissions_of, tags_of
from opentrail.clock import MICROSECONDS, Clock, as_datetime
from opentrail.wire.canonical import as_utf8
from opentrail.wire.http import HttpRequest


class Authorizer:
    """Decides calls by the policies that are attached to their callers."""

    def __init__(self, attached: AttachedPolicies, clock: Clock, source_address: Callable[[HttpRequest], str]) -> None:
        self._attached = attached
        self._clock = clock
        self._source_address = source_address

    def check(self, call: Call) -> None:
        """Raise AccessDenied for the first thing that the call needs and its caller may not do."""
        if call.key is None or call.operation is None or call.parameters is None or call.signature is None:
            raise UnknownOperation
        principal = call.key.principal
        policies = self._attached.of(principal)
        if policies is None:
            return
        region = call.signature.region
        context = self._context(call, principal, call.operation.name)
        for needed in permissions_of(call.operation.name, call.parameters, principal.account, region):
            decision = _decided(policies, principal, needed, context)
            if not decision.allows:
                raise AccessDenied(denial(principal, needed, decision))

    def _context(self, call: Call, principal: Principal, operation: str) -> Keys:
        request, now_us = call.request, self._clock.now_us()
        keys: Keys = {
            **principal_keys(principal, now_us),
            "aws:SourceIp": self._source_address(request),
            "aws:SecureTransport": "true" if request.tls is not None or request.scheme == "https" else "false",
            "aws:CurrentTime": as_datetime(now_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(now_us // MICROSECONDS),
            "aws:RequestedRegion": call.signature.region if call.signature is not None else "",
            "aws:ViaAWSService": "false",
        }
        for key, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
            if request.header(header):
                keys[key] = as_utf8(request.header(header))
        tags = tags_of(operation, call.parameters or {})
        if tags:
            keys["aws:TagKeys"] = tuple(tags)
            keys |= {f"aws:RequestTag/{name}": value for name, value in tags.items()}
        return keys


def denial(principal: Principal, needed: Needed, decision: Decision) -> str:
    """What AWS tells a caller who may not."""
    on = f" on resource: {needed.resource}" if needed.resource != "*" else ""
    kind = (decision.kind or PolicyKind.IDENTITY).value
    if decision.verdict is Verdict.DENIED:
        why = f"with an explicit deny in {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    else:
        why = f"because no {kind} allows the {needed.action} action"
    return f"User: {principal.arn} is not authorized to perform: {needed.action}{on} {why}"


def _decided(policies: Policies, principal: Principal, needed: Needed, context: Keys) -> Decision:
    """By the caller's own policies; resources have none yet."""
    parts = needed.resource.split(":", 5)
    owner = parts[4] if len(parts) == 6 else principal.account
    context = {**context, "aws:ResourceAccount": owner}
    return decide(policies, Request(caller_of(principal), needed.action, needed.resource, context))
