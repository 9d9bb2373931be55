"""What an upstream's IAM has attached to an account's users, groups and roles, asked as a whole."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from opentrail.accounts.iam_account import IamAccount, IamGroup, IamPrincipal, identity_policy, trust_policy
from opentrail.accounts.policy import Policy
from opentrail.errors import Unavailable
from opentrail.recorder.look_ups.asking import UpstreamLookUps, client_at

_SERVICE: Final = "iam"
_WANTED: Final = ["User", "Role", "Group", "LocalManagedPolicy"]
_NOT_THERE: Final = frozenset(("NoSuchEntity",))
_NO_BUCKET: Final = frozenset(("NoSuchBucket", "InvalidBucketName"))
_NO_POLICY: Final = frozenset(("NoSuchBucketPolicy",))


class PoliciesNotTold(Unavailable):
    """The policies that speak of the caller could not be read, so nothing is allowed. Try again."""


class IamQuestions:
    """Asks the upstreams about policies. Safe from any thread; every question waits for the network."""

    def __init__(self, look_ups: UpstreamLookUps) -> None:
        self._look_ups = look_ups

    def account(self, account: str) -> tuple[IamAccount, dict[str, Policy]]:
        """Users, groups and roles of an account, and its own managed policies by ARN. Raises PoliciesNotTold."""
        client = self._client(_SERVICE, account)
        try:
            pages = list(client.get_paginator("get_account_authorization_details").paginate(Filter=_WANTED))
        except (ClientError, BotoCoreError, ValueError, LookupError) as failure:
            raise PoliciesNotTold from failure
        users = [_user(one) for page in pages for one in page.get("UserDetailList", ())]
        roles = [_role(one) for page in pages for one in page.get("RoleDetailList", ())]
        groups = {str(one["GroupName"]): _group(one) for page in pages for one in page.get("GroupDetailList", ())}
        managed = {
            str(one["Arn"]): identity_policy(_text(version["Document"]), str(one["PolicyName"]))
            for page in pages
            for one in _named(page.get("Policies", ()))
            for version in one.get("PolicyVersionList", ())
            if version.get("IsDefaultVersion")
        }
        by_name = {user.name: user for user in users}, {role.name: role for role in roles}
        return IamAccount(*by_name, groups), managed

    def managed_policy(self, account: str, arn: str) -> Policy | None:
        """One of AWS's own managed policies, which stay what they are. Raises PoliciesNotTold."""
        client = self._client(_SERVICE, account)
        try:
            version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except ClientError as refusal:
            if _code(refusal) in _NOT_THERE:
                return None
            raise PoliciesNotTold from refusal
        except (BotoCoreError, ValueError, LookupError) as failure:
            raise PoliciesNotTold from failure
        return identity_policy(_text(found), arn.rpartition("/")[2])

    def bucket_policy(self, bucket: str, account: str) -> tuple[bool, str | None]:
        """Whether a bucket is there, and its policy; None without one. Raises PoliciesNotTold."""
        client = self._client("s3", account)
        try:
            return True, str(client.get_bucket_policy(Bucket=bucket)["Policy"])
        except ClientError as refusal:
            if _code(refusal) in _NO_BUCKET:
                return False, None
            if _code(refusal) in _NO_POLICY:
                return True, None
            raise PoliciesNotTold from refusal
        except (BotoCoreError, ValueError, LookupError) as failure:
            raise PoliciesNotTold from failure

    def _client(self, service: str, account: str) -> Any:
        door = self._look_ups.door(service, account)
        if door is None:
            raise PoliciesNotTold
        return client_at(door)


def _user(told: Mapping[str, Any]) -> IamPrincipal:
    return IamPrincipal(
        name=str(told["UserName"]),
        unique_id=str(told.get("UserId", "")),
        arn=str(told.get("Arn", "")),
        policies=_inline(told.get("UserPolicyList", ())),
        managed=_attached(told),
        boundary=str((told.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn", "")),
        groups=tuple(told.get("GroupList", ())),
        tags=_tags(told),
    )


def _role(told: Mapping[str, Any]) -> IamPrincipal:
    trust = told.get("AssumeRolePolicyDocument")
    return IamPrincipal(
        name=str(told["RoleName"]),
        unique_id=str(told.get("RoleId", "")),
        arn=str(told.get("Arn", "")),
        policies=_inline(told.get("RolePolicyList", ())),
        managed=_attached(told),
        boundary=str((told.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn", "")),
        tags=_tags(told),
        trust=trust_policy(_text(trust)) if trust else None,
    )


def _group(told: Mapping[str, Any]) -> IamGroup:
    return IamGroup(_inline(told.get("GroupPolicyList", ())), _attached(told))


def _inline(listed: Iterable[Mapping[str, Any]]) -> tuple[Policy, ...]:
    return tuple(identity_policy(_text(one["PolicyDocument"]), str(one["PolicyName"])) for one in listed)


def _attached(told: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(one["PolicyArn"]) for one in told.get("AttachedManagedPolicies", ()))


def _tags(told: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(one["Key"]), str(one.get("Value", ""))) for one in told.get("Tags", ()))


def _named(listed: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Managed policies; some stand-ins leave out the name, which the ARN ends with."""
    for one in listed:
        yield {"PolicyName": str(one["Arn"]).rpartition("/")[2], **one}


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _code(refusal: ClientError) -> str:
    return str(refusal.response.get("Error", {}).get("Code", ""))
