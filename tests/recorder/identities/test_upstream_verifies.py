"""An upstream that verifies signatures itself: whom it lets pass is believed, looked up once where unknown."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.principal import iam_user
from opentrail.clock import SystemClock
from opentrail.recorder.forwarding.upstreams import LookUp, Upstream, Upstreams
from opentrail.recorder.look_ups import UpstreamLookUps
from tests.recorder.identities.world import CREATED, SESSION, Signer, World, signer_of, web_token, without_time
from tests.recorder.rig import ACCOUNT, OTHER_ACCOUNT, Arrived, RecorderServer, ScriptedUpstream

JSON = ("content-type", "application/x-amz-json-1.0")


@pytest.fixture
def begin(tmp_path: Path, upstream: ScriptedUpstream, people: World) -> Iterator[Callable[..., RecorderServer]]:
    """A recorder before a scripted upstream that verifies, with a moto whose IAM and STS may be asked."""
    servers: list[RecorderServer] = []

    def start(look_up: bool = True, **options: Any) -> RecorderServer:
        asking = people.key(people.user(f"asking-{tmp_path.name}-{len(servers)}")["UserName"])
        asked = LookUp(people.moto_url, people.moto_url, asking.key, asking.secret, **options) if look_up else None
        foreign = Upstream("foreign", upstream.url, frozenset({"*"}), verify="upstream", look_up=asked)
        server = RecorderServer(tmp_path / f"d{len(servers)}", [foreign]).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def _call(server: RecorderServer, signer: Signer) -> dict[str, Any]:
    headers = {"x-amz-target": "AmazonSQS.ListQueues", "content-type": "application/x-amz-json-1.0"}
    key = {"key": signer.key, "secret": signer.secret, "session_token": signer.token}
    server.call("POST", "/", b"{}", service="sqs", headers=headers, **key)
    return server.records()[-1]


async def _refuse(arrived: Arrived) -> None:
    await arrived.body()
    await arrived.answer(403, b'{"__type":"InvalidSignatureException","message":"no"}', JSON)


def test_an_unknown_users_key_is_looked_up(begin: Callable[..., RecorderServer], people: World) -> None:
    user = people.user("foreigner", "/there/")
    signer = people.key("foreigner")
    record = _call(begin(), signer)
    assert record["userIdentity"] == {
        "type": "IAMUser",
        "principalId": user["UserId"],
        "arn": user["Arn"],
        "accountId": ACCOUNT,
        "accessKeyId": signer.key,
        "userName": "foreigner",
    }
    assert record["recipientAccountId"] == ACCOUNT


def test_it_is_asked_once_until_the_answer_is_too_old(begin: Callable[..., RecorderServer], people: World) -> None:
    people.user("asked-once")
    signer = people.key("asked-once")
    server = begin()
    assert _call(server, signer)["userIdentity"]["arn"].endswith(":user/asked-once")
    people.behind("iam").update_user(UserName="asked-once", NewPath="/moved/")
    assert _call(server, signer)["userIdentity"]["arn"].endswith(":user/asked-once")
    impatient = begin(cache_seconds=0.0)
    assert _call(impatient, signer)["userIdentity"]["arn"].endswith(":user/moved/asked-once")


def test_whom_the_upstream_refuses_is_not_looked_up(
    begin: Callable[..., RecorderServer], people: World, upstream: ScriptedUpstream
) -> None:
    people.user("refused-there")
    signer = people.key("refused-there")
    upstream.script = _refuse
    record = _call(begin(), signer)
    assert record["userIdentity"] == {"type": "Unknown", "principalId": "", "accessKeyId": signer.key}


def test_of_a_session_whose_making_nobody_saw_only_the_account_is_known(
    begin: Callable[..., RecorderServer], people: World
) -> None:
    role = people.behind("iam").create_role(RoleName="Unseen", AssumeRolePolicyDocument="{}")["Role"]
    made = people.behind("sts").assume_role(RoleArn=role["Arn"], RoleSessionName=SESSION)["Credentials"]
    record = _call(begin(), signer_of(made))
    identity = record["userIdentity"]
    assert (identity["type"], identity["principalId"], identity["accountId"]) == ("Unknown", "", ACCOUNT)
    assert "arn" not in identity and "userName" not in identity


def test_without_look_ups_only_the_key_is_known(begin: Callable[..., RecorderServer]) -> None:
    record = _call(begin(look_up=False), Signer("AKIAEXAMPLENOBODY001", "theirs"))
    assert record["userIdentity"] == {"type": "Unknown", "principalId": "", "accessKeyId": "AKIAEXAMPLENOBODY001"}


def test_a_principal_without_a_secret_names_its_key_and_signs_nowhere_else(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    there = Upstream("there", upstream.url, frozenset({"sqs"}), verify="upstream")
    here = Upstream("here", upstream.url, frozenset({"sns"}))
    server = RecorderServer(tmp_path / "d", [there, here]).start()
    key = "AKIAEXAMPLENAMED0001"
    server.access_keys.learn(AccessKey(key, "", iam_user(ACCOUNT, "named", "AIDANAMED")))
    assert _call(server, Signer(key, "theirs"))["userIdentity"]["userName"] == "named"
    status, _, _ = server.call("POST", "/", b"Action=ListTopics", service="sns", key=key, secret="")
    assert status == 403 and server.records()[-1]["userIdentity"]["type"] == "Unknown"
    server.stop()


def test_a_refusal_that_names_the_caller_proves_him(
    begin: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    server = begin(look_up=False)
    key = "AKIAEXAMPLEDENIED001"
    server.access_keys.learn(AccessKey(key, "", iam_user(ACCOUNT, "denied", "AIDADENIED")))

    async def deny(arrived: Arrived) -> None:
        await arrived.body()
        message = f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: sqs:ListQueues"
        body = {"__type": "AccessDeniedException", "message": message}
        await arrived.answer(400, json.dumps(body).encode(), JSON)

    upstream.script = deny
    name = "denied"
    assert _call(server, Signer(key, "theirs"))["userIdentity"]["principalId"] == "AIDADENIED"
    name = "somebody-else"
    assert _call(server, Signer(key, "theirs"))["userIdentity"]["type"] == "Unknown"


def test_a_denied_web_identity_is_named_and_one_that_was_not_verified_is_not(
    begin: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    async def deny(arrived: Arrived) -> None:
        await arrived.body()
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        await arrived.answer(403, body.encode(), ("content-type", "text/xml"))

    upstream.script = deny
    server = begin(look_up=False)
    client = server.client("sts")
    client.meta.config.signature_version = "unsigned"
    found = []
    for code in ("AccessDenied", "InvalidIdentityToken"):
        with pytest.raises(ClientError, match=code):
            client.assume_role_with_web_identity(
                RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
                RoleSessionName=SESSION,
                WebIdentityToken=web_token(iss="https://idp.example.com", aud="a", sub="s"),
            )
        found.append(server.records()[-1]["userIdentity"]["type"])
    assert found == ["WebIdentityUser", "Unknown"]


def _portal_answer(signer: Signer) -> bytes:
    made = {"accessKeyId": signer.key, "secretAccessKey": signer.secret, "sessionToken": signer.token}
    return json.dumps({"roleCredentials": {**made, "expiration": 4_000_000_000_000}}).encode()


@pytest.mark.parametrize("look_up", [True, False])
def test_credentials_of_the_portal_are_asked_whose_they_are(
    begin: Callable[..., RecorderServer], upstream: ScriptedUpstream, people: World, look_up: bool
) -> None:
    name = f"AWSReservedSSO_Admin_{look_up}"
    path = "/aws-reserved/sso.amazonaws.com/"
    role = people.behind("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument="{}")["Role"]
    sts = people.behind("sts")
    signer = signer_of(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="ann@corp.example")["Credentials"])

    async def portal(arrived: Arrived) -> None:
        await arrived.body()
        if arrived.target.startswith("/federation/credentials"):
            await arrived.answer(200, _portal_answer(signer), ("content-type", "application/json"))
        else:
            await arrived.answer(200, b"{}", JSON)

    upstream.script = portal
    server = begin(look_up=look_up)
    client = server.client("sso")
    client.get_role_credentials(roleName="Admin", accountId=ACCOUNT, accessToken="t")
    record = _call(server, signer)
    session = {"attributes": {"creationDate": CREATED, "mfaAuthenticated": "false"}}
    issuer = {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": ACCOUNT, "userName": name}
    known = {
        "type": "AssumedRole",
        "principalId": f"{role['RoleId']}:ann@corp.example",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/ann@corp.example",
        "accountId": ACCOUNT,
        "accessKeyId": signer.key,
        "sessionContext": {"sessionIssuer": issuer, **session},
    }
    certain = {
        "type": "AssumedRole",
        "accountId": ACCOUNT,
        "accessKeyId": signer.key,
        "sessionContext": session,
    }
    assert without_time(record["userIdentity"], record["eventTime"]) == (known if look_up else certain)


def test_a_look_up_key_names_no_users_of_other_accounts(people: World) -> None:
    """Its IAM knows a user of that name: another one."""
    people.user("namesake")
    asking = people.key(people.user("asking-for-namesakes")["UserName"])
    look_up = LookUp(people.moto_url, people.moto_url, asking.key, asking.secret)
    foreign = Upstream("foreign", people.moto_url, frozenset({"*"}), verify="upstream", look_up=look_up)
    asked = UpstreamLookUps(Upstreams([foreign]), SystemClock())
    assert asked.user(ACCOUNT, "namesake") is not None
    assert asked.user(OTHER_ACCOUNT, "namesake") is None
