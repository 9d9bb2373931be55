"""Who is who after restarts: of the server, of the sandbox alone, of everything, killed or stopped.

moto keeps its users in memory: after a restart it knows none of them, and would take their keys for its own account's.
"""

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, Program, eventually

pytestmark = pytest.mark.acceptance

OTHER = "210987654321"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class Signer(NamedTuple):
    """What somebody signs with."""

    key: str = "test"
    secret: str = "test"
    token: str | None = None


ROOT = Signer()


class Situation(NamedTuple):
    """Somebody who was made before the restart, and the whole `userIdentity` that he has to have after it."""

    signer: Signer
    expected: dict[str, Any]


def _client(program: Program, service: str, signer: Signer = ROOT) -> Any:
    return program.client(service, signer.key, signer.secret, aws_session_token=signer.token)


def _signer(made: dict[str, Any]) -> Signer:
    return Signer(made["AccessKeyId"], made["SecretAccessKey"], made.get("SessionToken"))


def _user(program: Program, name: str, by: Signer = ROOT) -> tuple[dict[str, Any], Signer]:
    iam = _client(program, "iam", by)
    user = iam.create_user(UserName=name, Path="/staff/")["User"]
    return user, _signer(iam.create_access_key(UserName=name)["AccessKey"])


def _user_identity(user: dict[str, Any], signer: Signer) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "principalId": user["UserId"],
        "arn": user["Arn"],
        "accountId": user["Arn"].split(":")[4],
        "accessKeyId": signer.key,
        "userName": user["UserName"],
    }


def _session_of(role: dict[str, Any], signer: Signer, name: str) -> dict[str, Any]:
    account = role["Arn"].split(":")[4]
    issuer = {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": account}
    return {
        "type": "AssumedRole",
        "principalId": f"{role['RoleId']}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{name}",
        "accountId": account,
        "accessKeyId": signer.key,
        "sessionContext": {"sessionIssuer": {**issuer, "userName": role["RoleName"]}},
    }


def _assume(program: Program, role: dict[str, Any], by: Signer = ROOT, **more: Any) -> Signer:
    sts = _client(program, "sts", by)
    return _signer(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1", **more)["Credentials"])


def _make_everybody(program: Program) -> dict[str, Situation]:
    """Every way of making a key, before anything is restarted."""
    iam, sts = _client(program, "iam"), _client(program, "sts")
    made: dict[str, Situation] = {}
    dana, danas = _user(program, "dana")
    made["a user's key"] = Situation(danas, _user_identity(dana, danas))
    session = _signer(_client(program, "sts", danas).get_session_token()["Credentials"])
    made["a user's session"] = Situation(session, {**_user_identity(dana, session), "sessionContext": {}})
    guest = _signer(_client(program, "sts", danas).get_federation_token(Name="guest")["Credentials"])
    issuer = {key: value for key, value in _user_identity(dana, danas).items() if key != "accessKeyId"}
    federated = {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT}:guest",
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
        "accountId": ACCOUNT,
        "accessKeyId": guest.key,
        "sessionContext": {"sessionIssuer": issuer},
    }
    made["a federated user"] = Situation(guest, federated)

    first = iam.create_role(RoleName="First", Path="/p/", AssumeRolePolicyDocument=TRUST)["Role"]
    second = iam.create_role(RoleName="Second", AssumeRolePolicyDocument=TRUST)["Role"]
    begun = _assume(program, first, danas, SourceIdentity="dana")
    expected = _session_of(first, begun, "session-1")
    expected["sessionContext"]["sourceIdentity"] = "dana"
    made["a role session"] = Situation(begun, expected)
    chained = _assume(program, second, begun)
    expected = _session_of(second, chained, "session-1")
    expected["sessionContext"]["sourceIdentity"] = "dana"
    made["a chained role session"] = Situation(chained, expected)

    there = {"Arn": f"arn:aws:iam::{OTHER}:role/Admin", "RoleName": "Admin"}
    answer = sts.assume_role(RoleArn=there["Arn"], RoleSessionName="session-1")
    abroad = _signer(answer["Credentials"])
    there["RoleId"] = answer["AssumedRoleUser"]["AssumedRoleId"].partition(":")[0]
    made["a role of another account"] = Situation(abroad, _session_of(there, abroad, "session-1"))
    erin, erins = _user(program, "erin", by=abroad)
    assert erin["Arn"] == f"arn:aws:iam::{OTHER}:user/staff/erin"
    made["a user of another account"] = Situation(erins, _user_identity(erin, erins))

    _, off = _user(program, "off")
    iam.update_access_key(UserName="off", AccessKeyId=off.key, Status="Inactive")
    made["a key that was switched off"] = Situation(off, _stranger(off))
    _, gone = _user(program, "gone")
    iam.delete_access_key(UserName="gone", AccessKeyId=gone.key)
    made["a key that was deleted"] = Situation(gone, _stranger(gone))
    return made


def _stranger(signer: Signer) -> dict[str, Any]:
    return {"type": "Unknown", "principalId": "", "accessKeyId": signer.key}


def _identity(program: Program, situation: Situation) -> dict[str, Any]:
    """`userIdentity` of a call made now, as the history of the caller's own account has it."""
    signer = situation.signer
    stranger = situation.expected["type"] == "Unknown"
    topic = uuid.uuid4().hex
    try:
        _client(program, "sns", signer).create_topic(Name=topic)
        assert not stranger
    except ClientError as refused:
        assert stranger, refused
    cloudtrail = _client(program, "cloudtrail", ROOT if stranger else signer)
    attribute = {"AttributeKey": "AccessKeyId", "AttributeValue": signer.key}

    def look() -> dict[str, Any] | None:
        for event in cloudtrail.lookup_events(LookupAttributes=[attribute])["Events"]:
            record = json.loads(event["CloudTrailEvent"])
            if record["eventName"] == "CreateTopic" and topic in json.dumps(record["requestParameters"]):
                return dict(record)
        return None

    record = eventually(look, seconds=5.0)
    assert record, "the call is not in the history of its account"
    identity = record["userIdentity"]
    assert record["recipientAccountId"] == identity.get("accountId", ACCOUNT)
    context = identity.get("sessionContext", {})
    if context:
        assert context.pop("attributes")["mfaAuthenticated"] == "false"
    return dict(identity)


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, dict[str, Situation]]]:
    """Everybody is made, then all is killed and started again: server, worker, SeaweedFS, moto."""
    program = Program(tmp_path_factory.mktemp("identities") / "data").start()
    everybody = _make_everybody(program)
    program.kill()
    program.start()
    yield program, everybody
    assert program.stop() == 0, "".join(program.output[-40:])


def test_everybody_is_who_he_was_after_a_kill_of_everything(restarted: tuple[Program, dict[str, Situation]]) -> None:
    program, everybody = restarted
    assert _client(program, "iam").list_users()["Users"] == []  # the sandbox has forgotten them all
    found = {name: _identity(program, situation) for name, situation in everybody.items()}
    assert found == {name: situation.expected for name, situation in everybody.items()}


def test_the_answer_to_who_am_i_is_the_same_after_it(restarted: tuple[Program, dict[str, Situation]]) -> None:
    program, everybody = restarted
    for situation in everybody.values():
        if situation.expected["type"] == "Unknown":
            continue
        answer = _client(program, "sts", situation.signer).get_caller_identity()
        assert answer["Arn"] == situation.expected["arn"]
        assert answer["UserId"] == situation.expected["principalId"]
        assert answer["Account"] == situation.expected["accountId"]


def test_what_they_make_belongs_to_their_own_account(restarted: tuple[Program, dict[str, Situation]]) -> None:
    program, everybody = restarted
    for name in ("a user of another account", "a role of another account"):
        sqs = _client(program, "sqs", everybody[name].signer)
        url = sqs.create_queue(QueueName="mine")["QueueUrl"]
        assert f"/{OTHER}/" in url
    with pytest.raises(ClientError, match="NonExistentQueue"):
        _client(program, "sqs").get_queue_url(QueueName="mine")


def test_a_user_made_again_is_another_and_the_old_key_stops(restarted: tuple[Program, dict[str, Situation]]) -> None:
    """The sandbox that forgot a user lets it be made again; the key of the first is not the second's."""
    program, everybody = restarted
    again, key = _user(program, "dana")
    assert again["UserId"] != everybody["a user's key"].expected["principalId"]
    assert _identity(program, Situation(key, _user_identity(again, key))) == _user_identity(again, key)
    for name in ("a user's key", "a user's session", "a federated user"):
        old = everybody[name].signer
        assert _identity(program, Situation(old, _stranger(old))) == _stranger(old)


def test_the_sandbox_alone_may_end_too(restarted: tuple[Program, dict[str, Situation]]) -> None:
    program, everybody = restarted
    assert program.process is not None
    listed = subprocess.run(
        ["pgrep", "-P", str(program.process.pid), "-f", r"sandbox\.services"],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(listed.stdout.split()[0]), signal.SIGKILL)
    situation = everybody["a chained role session"]

    def answers() -> bool:
        try:
            return bool(_client(program, "sqs").list_queues())
        except ClientError:
            return False

    assert eventually(answers, seconds=60.0)
    assert _identity(program, situation) == situation.expected
