"""The records of STS calls themselves: who makes them, what comes along, in whose account they are told of."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from opentrail.accounts.service_key import CLOUDTRAIL, service_key
from tests.recorder.identities.world import (
    DANA,
    OIDC,
    OTHER_ACCOUNT,
    ROOT,
    SESSION,
    Signer,
    World,
    saml_response,
    signer_of,
    web_token,
)
from tests.recorder.rig import ACCOUNT, USER_KEY

SUBJECT = "repo:o/r:ref:refs/heads/main"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.example.com"


def test_a_web_identity_calls_as_itself_in_the_roles_account(people: World) -> None:
    tags = {"principal_tags": {"Project": ["Pegasus"]}, "transitive_tag_keys": ["Project"]}
    token = web_token(iss=OIDC, aud="sts.amazonaws.com", sub=SUBJECT, **{"https://aws.amazon.com/tags": tags})
    role = people.role("WebCaller", by=DANA)
    people.sts(
        "assume_role_with_web_identity", None, RoleArn=role["Arn"], RoleSessionName=SESSION, WebIdentityToken=token
    )
    record = people.last("AssumeRoleWithWebIdentity")
    provider = PROVIDER.replace(ACCOUNT, OTHER_ACCOUNT)
    assert record["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{SUBJECT}",
        "userName": SUBJECT,
        "identityProvider": provider,
    }
    assert record["recipientAccountId"] == OTHER_ACCOUNT
    assert record["requestParameters"] == {
        "principalTags": {"Project": "Pegasus"},
        "transitiveTagKeys": ["Project"],
        "roleArn": role["Arn"],
        "roleSessionName": SESSION,
    }
    assert record["responseElements"]["assumedRoleUser"]["assumedRoleId"] == f"{role['RoleId']}:{SESSION}"


def test_google_is_named_without_an_arn(people: World) -> None:
    role = people.role("GoogleCaller")
    token = web_token(iss="https://accounts.google.com", aud="app-1", sub="1234567890")
    people.sts(
        "assume_role_with_web_identity", None, RoleArn=role["Arn"], RoleSessionName=SESSION, WebIdentityToken=token
    )
    assert people.last("AssumeRoleWithWebIdentity")["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": "accounts.google.com:app-1:1234567890",
        "userName": "1234567890",
        "identityProvider": "accounts.google.com",
    }


def test_a_saml_user_calls_as_itself(people: World) -> None:
    role = people.role("SamlCaller")
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
    assertion = saml_response(
        role["Arn"], provider, "ann@corp.example", "ann", PrincipalTag_Team=["Core"], TransitiveTagKeys=["Team"]
    )
    answer = people.client("sts", None).assume_role_with_saml(
        RoleArn=role["Arn"], PrincipalArn=provider, SAMLAssertion=assertion
    )
    record = people.last("AssumeRoleWithSAML")
    qualifier = "F4n4tHfsTNbdJ8Yl1OzB++/YKYg="
    assert record["userIdentity"] == {
        "type": "SAMLUser",
        "principalId": f"{qualifier}:ann@corp.example",
        "userName": "ann@corp.example",
        "identityProvider": qualifier,
    }
    assert record["recipientAccountId"] == ACCOUNT
    assert record["requestParameters"] == {
        "sAMLAssertionID": "_a1",
        "roleSessionName": "ann",
        "principalTags": {"Team": "Core"},
        "transitiveTagKeys": ["Team"],
        "roleArn": role["Arn"],
        "principalArn": provider,
    }
    assert (answer["Subject"], answer["NameQualifier"], answer["Issuer"]) == (
        "ann@corp.example",
        qualifier,
        "https://idp.example.com/saml",
    )


def test_a_token_that_cannot_be_read_proves_nobody(people: World) -> None:
    role = people.role("Unreadable")
    call = {"RoleArn": role["Arn"], "RoleSessionName": SESSION, "WebIdentityToken": "opaque-token"}
    people.sts("assume_role_with_web_identity", None, **call)
    record = people.last("AssumeRoleWithWebIdentity")
    assert record["userIdentity"] == {"type": "Unknown", "principalId": ""}
    assert record["recipientAccountId"] == ACCOUNT


def test_a_link_of_a_chain_shows_what_it_inherits(people: World) -> None:
    first, second = people.role("Inherited"), people.role("Inheriting")
    tags = [{"Key": "Department", "Value": "Engineering"}, {"Key": "Desk", "Value": "7"}]
    begun = people.assume(first, SourceIdentity="origin", Tags=tags, TransitiveTagKeys=["Department"])
    linked = people.assume(second, begun, Tags=[{"Key": "Step", "Value": "2"}], TransitiveTagKeys=["Step"])
    shown = people.last("AssumeRole")["requestParameters"]
    assert shown["incomingTransitiveTags"] == {"Department": "Engineering"}
    assert shown["sourceIdentity"] == "origin" and shown["transitiveTagKeys"] == ["Step"]
    people.assume(first, linked)
    inherited = people.last("AssumeRole")["requestParameters"]["incomingTransitiveTags"]
    assert inherited == {"Department": "Engineering", "Step": "2"}


def test_a_role_of_another_account_is_told_of_in_both(people: World) -> None:
    role = people.role("Shared", by=DANA)
    user = people.user("zoe")
    signer = people.key("zoe")
    before = len(people.server.records())
    people.assume(role, signer)
    records = {record["recipientAccountId"]: record for record in people.server.records()[before:]}
    assert set(records) == {ACCOUNT, OTHER_ACCOUNT}
    own, theirs = records[ACCOUNT], records[OTHER_ACCOUNT]
    assert own["userIdentity"]["arn"] == user["Arn"] and own["userIdentity"]["accessKeyId"] == signer.key
    assert theirs["userIdentity"] == {"type": "AWSAccount", "principalId": user["UserId"], "accountId": ACCOUNT}
    assert own["sharedEventID"] == theirs["sharedEventID"] and own["eventID"] != theirs["eventID"]
    same = ("requestID", "requestParameters", "responseElements", "eventTime", "resources")
    assert {name: own[name] for name in same} == {name: theirs[name] for name in same}


def test_a_role_of_ones_own_account_is_told_of_once(people: World) -> None:
    before = len(people.server.records())
    people.assume({"Arn": people.role("Private")["Arn"]})
    records = [record for record in people.server.records()[before:] if record["eventName"] == "AssumeRole"]
    assert len(records) == 1 and "sharedEventID" not in records[0]


@pytest.mark.parametrize("kind", ["root", "user", "session", "role", "federated", "web"])
def test_get_caller_identity_answers_who_calls(people: World, kind: str) -> None:
    signer, arn, user_id = _somebody(people, kind)
    answer = people.client("sts", signer).get_caller_identity()
    assert (answer["Arn"], answer["UserId"], answer["Account"]) == (arn, user_id, ACCOUNT)
    identity = people.last("GetCallerIdentity")["userIdentity"]
    assert (identity["arn"], identity["principalId"]) == (arn, user_id)


def _somebody(people: World, kind: str) -> tuple[Signer, str, str]:
    name = f"asking-{kind}"
    if kind == "root":
        return ROOT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT
    if kind in ("user", "session", "federated"):
        user = people.user(name, "/asking/")
        key = people.key(name)
        if kind == "user":
            return key, user["Arn"], user["UserId"]
        if kind == "session":
            return people.sts("get_session_token", key), user["Arn"], user["UserId"]
        signer = people.sts("get_federation_token", key, Name="guest")
        return signer, f"arn:aws:sts::{ACCOUNT}:federated-user/guest", f"{ACCOUNT}:guest"
    role = people.role(name, "/asking/")
    arn, role_id = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{SESSION}", f"{role['RoleId']}:{SESSION}"
    if kind == "role":
        return people.assume(role), arn, role_id
    token = web_token(iss=OIDC, aud="a", sub="b")
    call: dict[str, Any] = {"RoleArn": role["Arn"], "RoleSessionName": SESSION, "WebIdentityToken": token}
    return people.sts("assume_role_with_web_identity", None, **call), arn, role_id


def test_get_access_key_info_names_the_account_of_a_key(people: World) -> None:
    answer = people.client("sts").get_access_key_info(AccessKeyId=USER_KEY)
    assert answer["Account"] == OTHER_ACCOUNT


def test_nobody_switches_off_a_key_of_another_account(people: World) -> None:
    """An upstream may let it pass: moto finds keys of all accounts where no user is named."""
    people.user("victim")
    signer = people.key("victim")
    with pytest.raises(ClientError):
        people.client("iam", DANA).update_access_key(UserName="victim", AccessKeyId=signer.key, Status="Inactive")
    assert people.identity(signer)["userName"] == "victim"


def test_a_key_that_the_recorder_gives_out_is_nowhere_in_the_journal(people: World) -> None:
    signer = people.sts("get_session_token")
    record = people.last("GetSessionToken")
    assert record["responseElements"]["credentials"]["accessKeyId"] == signer.key
    assert signer.secret not in str(record) and str(signer.token) not in str(record)


def test_get_user_without_a_name_answers_the_caller_himself(people: World) -> None:
    user = people.user("mirror", "/m/")
    session = people.sts("get_session_token", people.key("mirror"))
    own = people.client("iam", session).get_user()["User"]
    assert {name: own[name] for name in ("UserName", "UserId", "Arn", "Path")} == {
        name: user[name] for name in ("UserName", "UserId", "Arn", "Path")
    }
    own = people.client("iam").get_user()["User"]
    assert (own["UserId"], own["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    assert "UserName" not in own


def test_a_guest_of_another_accounts_pool_is_told_of_there(people: World) -> None:
    pool = people.client("cognito-identity", DANA).create_identity_pool(
        IdentityPoolName="theirs", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    cognito = people.client("cognito-identity", None)
    identity = cognito.get_id(IdentityPoolId=pool)["IdentityId"]
    assert people.last("GetId")["recipientAccountId"] == OTHER_ACCOUNT
    signer = signer_of(cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"])
    assert people.last("GetCredentialsForIdentity")["recipientAccountId"] == OTHER_ACCOUNT
    assert people.identity(signer)["accountId"] == OTHER_ACCOUNT


def test_a_role_that_cloudtrail_assumes_is_still_invoked_by_cloudtrail(people: World) -> None:
    key = service_key(people.server.access_keys, b"k" * 32, ACCOUNT)
    role = people.role("ToLogs")
    signer = people.assume(role, Signer(key.access_key_id, key.secret), "CLOUDWATCH_LOGS_DELIVERY_SESSION")
    record = people.act(signer)
    identity = record["userIdentity"]
    assert (identity["type"], list(identity)[-1], identity["invokedBy"]) == ("AssumedRole", "invokedBy", CLOUDTRAIL)
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role["Arn"]
    assert (record["sourceIPAddress"], record["userAgent"]) == (CLOUDTRAIL, CLOUDTRAIL)
    assert "sharedEventID" not in record and "tlsDetails" not in record
