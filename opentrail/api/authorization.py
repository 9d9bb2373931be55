"""Whether the caller of the API may do what the call asks for, by policy; and AWS's sentence where it may not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from opentrail.accounts.organization import Organization
from opentrail.accounts.organizations import KnownOrganization
from opentrail.accounts.owned_resources import CHANNEL, POLICY_KINDS, STORE, OwnedResources, kind_of
from opentrail.accounts.policy import Decision, Policies, Policy, PolicyKind, Request, Verdict, decide
from opentrail.accounts.policy_caller import Keys, caller_of, principal_keys
from opentrail.accounts.principal import Principal
from opentrail.accounts.resource_policy import delegated_admin_policy, external_ids_wanted, stored_policy
from opentrail.api.call import Call
from opentrail.api.faults import AccessDenied, ChannelInsufficientPermission, UnknownOperation
from opentrail.api.permissions import Needed, permissions_of, tags_of
from opentrail.api.retention import SHORTEN, shortens
from opentrail.arn import parse_arn
from opentrail.clock import MICROSECONDS, Clock, as_datetime
from opentrail.wire.canonical import as_utf8
from opentrail.wire.http import HttpRequest

_ANY: Final = "*"


class PrincipalPolicies(Protocol):
    """Who has which policies."""

    def of(self, principal: Principal) -> Policies | None:
        """The policies that speak of what `principal` does; None for whom no policy holds."""
        ...


class ResourceFacts:
    """What is known of resources. `policy` and `tags`: of a resource by its ARN."""

    def __init__(
        self,
        resources: OwnedResources | None = None,
        organization: KnownOrganization = lambda: None,
        policy: Callable[[str], str | None] = lambda arn: None,
        tags: Callable[[str], dict[str, str]] = lambda arn: {},
    ) -> None:
        self.resources = resources if resources is not None else OwnedResources()
        self.organization = organization
        self.tags = tags
        self._policy = policy

    def policies_of(self, arn: str) -> tuple[Policy, ...]:
        """The policies of a resource: the one that was put, and that of delegated administrators."""
        if kind_of(arn) is None:
            return ()
        texts = [self._policy(arn)]
        if kind_of(arn) == STORE:
            found = self.resources.find(arn)
            if found is not None and found.organization_id is not None:
                texts.append(delegated_admin_policy(arn, self.organization()))
        return tuple(stored_policy(text) for text in texts if text is not None)


class Authorizer:
    """Decides calls by the policies of their callers and of the resources that they name."""

    def __init__(
        self,
        attached: PrincipalPolicies,
        clock: Clock,
        source_address: Callable[[HttpRequest], str],
        facts: ResourceFacts | None = None,
    ) -> None:
        self._attached = attached
        self._clock = clock
        self._source_address = source_address
        self._facts = facts if facts is not None else ResourceFacts()

    def check(self, call: Call) -> str:
        """Raise AccessDenied for the first thing that the call needs and its caller may not do.

        Returns whose resources it is about: the caller's account, or another one whose policies let it in. Raises
        ChannelInsufficientPermission where the policy of a channel does not.
        """
        if call.key is None or call.operation is None or call.parameters is None or call.signature is None:
            raise UnknownOperation
        principal = call.key.principal
        policies = self._attached.of(principal)
        if policies is None:
            return principal.account
        owners = set()
        organization = self._facts.organization()
        context = self._context(call, principal, call.operation.name, organization)
        stores_of = self._facts.resources.stores_of_query
        for named in permissions_of(
            call.operation.name, call.parameters, principal.account, call.signature.region, stores_of
        ):
            needed = self._administered(named, principal.account, organization)
            decision = self._decided(policies, principal, needed, context)
            if not decision.allows:
                raise _refusal(principal, needed, decision)
            if shortens(call, self._facts.resources.find(needed.resource)):
                shorten = Needed(SHORTEN, needed.resource, needed.shown)
                decision = self._decided(policies, principal, shorten, context)
                if not decision.allows:
                    raise _refusal(principal, shorten, decision)
            self._require_external_id(needed, context)
            owners.add(_owner(needed.resource, principal.account))
        return owners.pop() if len(owners) == 1 else principal.account

    def _administered(self, needed: Needed, account: str, organization: Organization | None) -> Needed:
        """A store that a delegated administrator names by its ID may be the organization's."""
        if organization is None or account not in organization.delegated_admins:
            return needed
        arn = parse_arn(needed.resource)
        if arn is None or kind_of(needed.resource) != STORE or arn.account != account:
            return needed
        of_manager = str(replace(arn, account=organization.management_account))
        resources = self._facts.resources
        if resources.find(needed.resource) is None and resources.find(of_manager) is not None:
            return Needed(needed.action, of_manager, needed.shown)
        return needed

    def _decided(self, policies: Policies, principal: Principal, needed: Needed, context: Keys) -> Decision:
        owner = _owner(needed.resource, principal.account)
        organization = self._facts.organization()
        context = {**context, "aws:ResourceAccount": owner}
        if organization is not None and owner in organization.accounts:
            context["aws:ResourceOrgID"] = organization.id
        if needed.resource.startswith("arn:"):
            tags = self._facts.tags(needed.resource)
            context |= {f"aws:ResourceTag/{name}": value for name, value in tags.items()}
        resource = self._facts.policies_of(needed.resource)
        policies = replace(policies, resource=resource) if resource else policies
        # a trail of an organization is seen by members without a policy: the trails' own rules decide on it
        account = owner if kind_of(needed.resource) in POLICY_KINDS else ""
        return decide(policies, Request(caller_of(principal), needed.action, needed.resource, context, account))

    def _require_external_id(self, needed: Needed, context: Keys) -> None:
        """Where a channel's policy names external IDs, every call must carry one of them, the owner's own as well."""
        if kind_of(needed.resource) != CHANNEL or not needed.action.endswith(":PutAuditEvents"):
            return
        for policy in self._facts.policies_of(needed.resource):
            if external_ids_wanted(policy) and not _carries_external_id(policy, context):
                raise ChannelInsufficientPermission("The external ID is missing, or not one that the channel knows.")

    def _context(self, call: Call, principal: Principal, operation: str, organization: Organization | None) -> Keys:
        request, now_us = call.request, self._clock.now_us()
        keys: Keys = {
            **principal_keys(principal, now_us, organization),
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
            if operation != "RemoveTags":  # which names keys alone
                keys |= {f"aws:RequestTag/{name}": value for name, value in tags.items()}
        external = (call.parameters or {}).get("externalId")
        if isinstance(external, str):
            keys["cloudtrail:ExternalId"] = external
        return keys


def denial(principal: Principal, needed: Needed, decision: Decision) -> str:
    """What AWS tells a caller who may not."""
    resource = needed.shown or needed.resource
    on = f" on resource: {resource}" if resource != _ANY else ""
    kind = (decision.kind or PolicyKind.IDENTITY).value
    if decision.verdict is Verdict.DENIED:
        why = f"with an explicit deny in {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    else:
        why = f"because no {kind} allows the {needed.action} action"
    return f"User: {principal.arn} is not authorized to perform: {needed.action}{on} {why}"


def _refusal(principal: Principal, needed: Needed, decision: Decision) -> AccessDenied | ChannelInsufficientPermission:
    """The fault of a decision against the call; PutAuditEvents has one of its own for channels of other accounts."""
    text = denial(principal, needed, decision)
    if needed.action == "cloudtrail-data:PutAuditEvents" and decision.kind is PolicyKind.RESOURCE:
        return ChannelInsufficientPermission(text)
    return AccessDenied(text)


def _owner(resource: str, account: str) -> str:
    arn = parse_arn(resource) if kind_of(resource) is not None else None
    return arn.account if arn is not None else account


def _carries_external_id(policy: Policy, context: Keys) -> bool:
    known = {key.lower(): (value,) if isinstance(value, str) else value for key, value in context.items()}
    return any(
        all(condition.holds(known) for condition in statement.conditions if condition.key == "cloudtrail:externalid")
        for statement in policy.by_effect["Allow"]
        if any(condition.key == "cloudtrail:externalid" for condition in statement.conditions)
    )
