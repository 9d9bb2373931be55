"""Policies of an account that its users and roles can be given: written, rewritten, deleted."""

from opentrail.accounts.administration.changes import (
    IAM,
    Change,
    Changes,
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
    known_account,
    require_policy_name,
)
from opentrail.accounts.credentials import new_unique_id
from opentrail.accounts.managed_policies import AWS_POLICIES, PREFIX
from opentrail.accounts.policy import read_identity_policy
from opentrail.catalog.principals import PolicyRow, find_policy, policies_of, put_policy, remove_policy, uses_of


def policy_arn(account: str, name: str) -> str:
    """The ARN that a name stands for: itself where it is one, AWS's own policy where that is called so, else ours."""
    if name.startswith("arn:"):
        return name
    return PREFIX + name if PREFIX + name in AWS_POLICIES else f"arn:aws:iam::{account}:policy/{name}"


class PolicyChanges:
    """Operations on policies. One version of each is kept: the events tell of those before."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def all(self, account: str) -> list[PolicyRow]:
        """The policies of an account. Raises NoSuchEntity."""
        with self._changes.look() as connection:
            known_account(connection, account)
            return policies_of(connection, account)

    def create(self, account: str, name: str, document: str) -> PolicyRow:
        """A new policy (CreatePolicy). Raises PolicyUnreadable, NoSuchEntity, EntityAlreadyExists, InvalidInput."""
        require_policy_name(name)
        read_identity_policy(document, name)
        now = self._changes.clock.now_us()
        arn = f"arn:aws:iam::{account}:policy/{name}"
        row = PolicyRow(arn, account, name, new_unique_id("ANPA"), document, now, now)
        with self._changes.begin() as connection:
            known_account(connection, account)
            if find_policy(connection, arn) is not None or PREFIX + name in AWS_POLICIES:
                raise EntityAlreadyExists(f"there is a policy {name} already")
            put_policy(connection, row)
            made = {"policyName": name, "policyId": row.policy_id, "arn": arn, "path": "/", "createDate": now}
            parameters = {"policyName": name, "policyDocument": document}
            self._changes.tell(Change(account, IAM, "CreatePolicy", parameters, {"policy": made}))
        return row

    def update(self, account: str, name: str, document: str) -> None:
        """What a policy says from now on (CreatePolicyVersion, as default). Raises PolicyUnreadable, NoSuchEntity."""
        read_identity_policy(document, name)
        now = self._changes.clock.now_us()
        with self._changes.begin() as connection:
            row = find_policy(connection, policy_arn(account, name))
            if row is None:
                raise NoSuchEntity(f"account {account} has no policy {name}")
            put_policy(connection, PolicyRow(row.arn, account, row.name, row.policy_id, document, row.created_at, now))
            parameters = {"policyArn": row.arn, "policyDocument": document, "setAsDefault": True}
            self._changes.tell(Change(account, IAM, "CreatePolicyVersion", parameters))

    def delete(self, account: str, name: str) -> None:
        """Take a policy away that nobody has (DeletePolicy). Raises NoSuchEntity, DeleteConflict."""
        with self._changes.begin() as connection:
            row = find_policy(connection, policy_arn(account, name))
            if row is None or row.account != account:
                raise NoSuchEntity(f"account {account} has no policy {name}")
            used = uses_of(connection, row.arn)
            if used:
                raise DeleteConflict(f"policy {name} is still used by {', '.join(used)}")
            remove_policy(connection, row.arn)
            self._changes.tell(Change(account, IAM, "DeletePolicy", {"policyArn": row.arn}))
