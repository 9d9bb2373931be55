"""STS of our own: answered without an upstream or before one, recorded like every call, in both accounts."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import Engine

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.attached_policies import AttachedPolicies
from opentrail.accounts.own_keys import OwnKeys
from opentrail.accounts.policy.guard import read_guard
from opentrail.accounts.principal import iam_user
from opentrail.accounts.role_sessions import RoleSessions
from opentrail.catalog.principals import ACTIVE, AccountRow, PrincipalRow, add_account, add_principal
from opentrail.clock import Clock
from opentrail.recorder.answers.own_sts import OwnSts
from opentrail.recorder.forwarding.upstreams import Upstream
from tests.recorder.rig import ACCOUNT, OTHER_ACCOUNT, Arrived, RecorderServer, ScriptedUpstream

CALLER = f"arn:aws:iam::{ACCOUNT}:user/dana"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/ops/auditor"
TRUST = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole"}})
ROOT_KEY = b"k" * 32  # of the rig
ANSWER = (
    b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult/></AssumeRoleResponse>'
)


def own_sts(engine: Engine, clock: Clock) -> OwnSts:
    """One role of another account, which trusts dana."""
    with engine.begin() as connection:
        add_account(connection, AccountRow(OTHER_ACCOUNT, "other", True, ACTIVE, 0))
        add_principal(connection, PrincipalRow(OTHER_ACCOUNT, "role", "auditor", "/ops/", "AROAOURS", TRUST, 3600))
    return OwnSts(RoleSessions(engine, OwnKeys(ROOT_KEY, clock), AttachedPolicies(), clock), clock)


def dana(server: RecorderServer, **more: Any) -> Any:
    server.access_keys.learn(AccessKey("AKIADANA", "secret", iam_user(ACCOUNT, "dana", "AIDADANA")))
    return server.client("sts", "AKIADANA", "secret", **more)


@pytest.fixture
def alone(start: Callable[..., RecorderServer], upstream: ScriptedUpstream) -> RecorderServer:
    """A recorder without an upstream for STS."""
    return start(own_sts=own_sts, upstreams=[Upstream("s3", upstream.url, frozenset({"s3"}))])


def test_a_role_is_assumed_and_both_accounts_are_told(alone: RecorderServer) -> None:
    answer = dana(alone).assume_role(RoleArn=ROLE, RoleSessionName="march")
    made = answer["Credentials"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": "AROAOURS:march",
        "Arn": f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/auditor/march",
    }
    alone.record(2)
    told = {record["recipientAccountId"]: record for record in alone.records()}
    own, theirs = told[ACCOUNT], told[OTHER_ACCOUNT]
    assert own["userIdentity"]["arn"] == CALLER
    assert theirs["userIdentity"] == {"type": "AWSAccount", "principalId": "AIDADANA", "accountId": ACCOUNT}
    assert own["sharedEventID"] == theirs["sharedEventID"] and own["eventID"] != theirs["eventID"]
    assert own["requestParameters"] == {"roleArn": ROLE, "roleSessionName": "march"}
    assert own["responseElements"]["assumedRoleUser"]["arn"] == answer["AssumedRoleUser"]["Arn"]
    assert own["responseElements"]["credentials"]["accessKeyId"] == made["AccessKeyId"]
    assert made["SecretAccessKey"] not in json.dumps(alone.records())
    assert made["SessionToken"] not in json.dumps(alone.records())
    assert own["requestID"] == answer["ResponseMetadata"]["RequestId"]


def test_the_session_calls_as_the_role(alone: RecorderServer) -> None:
    made = dana(alone).assume_role(RoleArn=ROLE, RoleSessionName="march")["Credentials"]
    session = alone.client("sts", made["AccessKeyId"], made["SecretAccessKey"], session_token=made["SessionToken"])
    who = session.get_caller_identity()
    assert (who["Account"], who["UserId"]) == (OTHER_ACCOUNT, "AROAOURS:march")
    told = alone.record(3)["userIdentity"]
    assert told["type"] == "AssumedRole" and told["accessKeyId"] == made["AccessKeyId"]
    assert told["sessionContext"]["sessionIssuer"] == {
        "type": "Role",
        "principalId": "AROAOURS",
        "arn": ROLE,
        "accountId": OTHER_ACCOUNT,
        "userName": "auditor",
    }
    forged = alone.client("sts", made["AccessKeyId"], made["SecretAccessKey"], session_token="another")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        forged.get_caller_identity()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"RoleArn": ROLE + "x"}, "AccessDenied"),
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"SerialNumber": "arn:aws:iam::123456789012:mfa/dana", "TokenCode": "123456"}, "AccessDenied"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Tags": [{"Key": "k", "Value": "v"}]}, "AccessDenied"),
    ],
)
def test_what_is_refused_is_refused_as_sts_does_and_an_event(
    alone: RecorderServer, asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        dana(alone).assume_role(**{"RoleArn": ROLE, "RoleSessionName": "march", **asked})
    record = alone.record()
    assert refused.value.response["Error"]["Code"] == code
    assert (record["eventName"], record["errorCode"]) == ("AssumeRole", code)
    assert record["userIdentity"]["arn"] == CALLER and record["recipientAccountId"] == ACCOUNT


def test_other_calls_find_nobody_without_an_upstream(alone: RecorderServer) -> None:
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        dana(alone).get_session_token()


def test_an_upstream_has_what_is_not_ours(start: Callable[..., RecorderServer], upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.drop_body()
        await arrived.answer(200, ANSWER)

    upstream.script = script
    server = start(own_sts=own_sts)
    sts = dana(server)
    sts.assume_role(RoleArn=ROLE, RoleSessionName="ours")
    assert upstream.arrived == []
    sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/theirs", RoleSessionName="theirs")
    assert len(upstream.arrived) == 1


def test_the_guards_of_an_upstream_hold_before_our_own_answer(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    denies = {"Statement": {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": ROLE}}
    guarded = Upstream("all", upstream.url, frozenset({"*"}), guards=(read_guard(json.dumps(denies), "guard"),))
    server = start(own_sts=own_sts, upstreams=[guarded])
    with pytest.raises(ClientError, match="explicit deny"):
        dana(server).assume_role(RoleArn=ROLE, RoleSessionName="march")
    assert upstream.arrived == [] and server.record()["errorCode"] == "AccessDenied"


@pytest.mark.parametrize("guarantee", ["durable", "write-ahead", "async"])
def test_every_guarantee_holds(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream, guarantee: str
) -> None:
    server = start(own_sts=own_sts, guarantee=guarantee)
    dana(server).assume_role(RoleArn=ROLE, RoleSessionName="march")
    assert server.record(2)["eventName"] == "AssumeRole" and server.journal.intents() == []
