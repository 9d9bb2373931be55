"""The policies that users attached to their IAM principals and buckets at upstreams, remembered until they change.

What is remembered of an account holds as long as the recorder, in whichever process, has seen no call that changes
IAM; that of buckets alike. Nothing is remembered of an upstream that does not answer: then nothing is allowed.
"""

import threading
from dataclasses import dataclass
from typing import Final

from opentrail import limits
from opentrail.accounts.iam_account import IamAccount, IamPrincipal, Managed, managed_from
from opentrail.accounts.organizations import KnownOrganization
from opentrail.accounts.policy import Policies, Policy, PolicyUnreadable
from opentrail.accounts.principal import AWS_SERVICE, Principal
from opentrail.accounts.resource_policy import stored_policy
from opentrail.catalog.upstream_changes import BucketOwners, UpstreamChanges
from opentrail.recorder.look_ups.iam import IamQuestions

IAM: Final = "iam"
S3: Final = "s3"
ORGANIZATIONS: Final = "organizations"


@dataclass(frozen=True, slots=True)
class _Known:
    asked: tuple[int, str]  # the number of upstream_changes then, and who managed the account
    account: IamAccount
    managed: dict[str, Policy]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as policies see it; `policy`: its own, where it has one."""

    owner: str
    policy: Policy | None
    exists: bool = True


class UpstreamPolicies:
    """Finds policies of principals, roles and buckets. Safe from any thread; may wait for the network.

    `home_account`: whose the buckets are that nobody was seen making. All raise PoliciesNotTold.
    """

    def __init__(
        self,
        questions: IamQuestions,
        changes: UpstreamChanges,
        owners: BucketOwners,
        home_account: str,
        organization: KnownOrganization = lambda: None,
    ) -> None:
        self._questions = questions
        self._changes = changes
        self._owners = owners
        self._home_account = home_account
        self._lock = threading.Lock()
        self._accounts: dict[str, _Known] = {}
        self._aws_managed: dict[str, Policy | None] = {}
        self._buckets: dict[str, tuple[int, Bucket]] = {}
        self.organization = organization

    def of(self, principal: Principal) -> Policies | None:
        """The policies that speak of what `principal` does; None for a service of ours, which needs none."""
        if principal.type == AWS_SERVICE:
            return None
        known = self._account(principal.account)
        return known.account.policies_of(principal, self._managed(principal.account, known))

    def owner_of(self, principal: Principal) -> IamPrincipal | None:
        """The user or role whose permissions the principal uses, with its tags; None for roots and strangers."""
        return self._account(principal.account).account.owner_of(principal) if principal.account else None

    def user(self, account: str, name: str) -> IamPrincipal | None:
        """A user by name."""
        return self._account(account).account.users.get(name)

    def role(self, account: str, name: str) -> IamPrincipal | None:
        """A role by name."""
        return self._account(account).account.roles.get(name)

    def bucket(self, name: str) -> Bucket:
        """A bucket's owner and policy, whether it is there or not."""
        number = self._changes.number(S3)
        with self._lock:
            known = self._buckets.get(name)
        if known is not None and known[0] == number:
            return known[1]
        owner = self._owners.of(name) or self._home_account
        exists, text = self._questions.bucket_policy(name, owner)
        found = Bucket(owner, _bucket_policy(text), exists)
        with self._lock:
            if len(self._buckets) >= limits.BUCKET_POLICIES_IN_MEMORY:
                self._buckets.clear()
            self._buckets[name] = (number, found)
        return found

    def owns(self, account: str, bucket: str) -> bool:
        """Whether the bucket is the account's."""
        return (self._owners.of(bucket) or self._home_account) == account

    def _account(self, account: str) -> _Known:
        organization = self.organization()
        manager = (
            organization.management_account if organization is not None and organization.has_member(account) else ""
        )
        now = self._changes.number(IAM), manager
        with self._lock:
            known = self._accounts.get(account)
        if known is not None and known.asked == now:
            return known
        told, managed = self._questions.account(account)
        known = _Known(now, managed_from(told, account, manager) if manager else told, managed)
        with self._lock:
            if len(self._accounts) >= limits.IAM_ACCOUNTS_IN_MEMORY:
                self._accounts.clear()
            self._accounts[account] = known
        return known

    def _managed(self, account: str, known: _Known) -> Managed:
        def find(arn: str) -> Policy | None:
            if arn in known.managed or ":iam::aws:policy/" not in arn:
                return known.managed.get(arn)
            with self._lock:
                if arn in self._aws_managed:
                    return self._aws_managed[arn]
            found = self._questions.managed_policy(account, arn)
            with self._lock:
                self._aws_managed[arn] = found
            return found

        return find


def _bucket_policy(text: str | None) -> Policy | None:
    """The policy; one that cannot be read denies everybody, since it might deny anybody."""
    if text is None:
        return None
    try:
        return stored_policy(text)
    except PolicyUnreadable:
        return stored_policy('{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}')
