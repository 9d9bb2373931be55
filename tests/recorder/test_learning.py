"""Keys and identities learned from answers of IAM and STS."""

import json
import secrets

import pytest

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.identities import Identity
from opentrail.accounts.identity import user_identity
from opentrail.accounts.principal import iam_user, root
from opentrail.accounts.service_key import service_key
from opentrail.catalog.database import open_catalog
from opentrail.recorder.learning import Learner, NoLookUps
from tests.recorder.calls import ACCOUNT, answered, interpreted

NOW_US = 1_772_619_331_000_000
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/Deployer"


@pytest.fixture
def access_keys(tmp_path, clock):
    engine = open_catalog(tmp_path)
    keys = AccessKeys(engine, secrets.token_bytes(32), clock=clock)
    yield keys
    keys.close()
    engine.dispose()


@pytest.fixture
def learner(access_keys):
    return Learner(access_keys)


def _tell(learner, service, name, parameters, answer, caller=None, status=200):
    body = answer.encode() if isinstance(answer, str) else answer
    learner.learn(
        interpreted(service, name, parameters),
        answered(service, name, parameters, body, status),
        caller if caller is not None else root(ACCOUNT),
        NOW_US,
    )


def _user(name, path="/eng/", user_id="AIDADANA"):
    return (
        f"<R><CreateUserResult><User><Path>{path}</Path><UserName>{name}</UserName><UserId>{user_id}</UserId>"
        f"<Arn>arn:aws:iam::{ACCOUNT}:user{path}{name}</Arn></User></CreateUserResult></R>"
    )


def _key(name, key_id="AKIA1", secret="s3cret"):
    user = f"<UserName>{name}</UserName>" if name else ""
    return (
        f"<R><CreateAccessKeyResult><AccessKey>{user}<AccessKeyId>{key_id}</AccessKeyId><Status>Active</Status>"
        f"<SecretAccessKey>{secret}</SecretAccessKey></AccessKey></CreateAccessKeyResult></R>"
    )


def _session(result, extra=""):
    return (
        f"<R><{result}Result><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s3cret</SecretAccessKey>"
        f"<SessionToken>t0ken</SessionToken><Expiration>2026-03-04T11:15:31Z</Expiration></Credentials>{extra}"
        f"</{result}Result></R>"
    )


def test_a_users_key_carries_id_and_path_of_the_user(learner, access_keys):
    _tell(learner, "iam", "CreateUser", {"UserName": "dana", "Path": "/eng/"}, _user("dana"))
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    key = access_keys.find("AKIA1")
    assert (key.secret, key.status, key.session_token, key.expires_at_us) == ("s3cret", "Active", None, None)
    assert key.principal == iam_user(ACCOUNT, "dana", "AIDADANA", "/eng/")


def test_a_user_seen_in_get_user_is_known_too(learner, access_keys):
    answer = _user("dana").replace("CreateUserResult", "GetUserResult")
    _tell(learner, "iam", "GetUser", {"UserName": "dana"}, answer)
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    assert access_keys.find("AKIA1").principal.principal_id == "AIDADANA"


def test_an_unknown_user_is_looked_up_else_named_without_an_id(access_keys):
    asked = []

    class Asked(NoLookUps):
        def user(self, account, name):
            asked.append((account, name))
            late = Identity(account, "user", name, "AIDALATE", f"arn:aws:iam::{account}:user/late/{name}")
            return late if name == "dana" else None

    learner = Learner(access_keys, Asked())
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "erin"}, _key("erin", "AKIA2"))
    assert asked == [(ACCOUNT, "dana"), (ACCOUNT, "erin")]
    assert access_keys.find("AKIA1").principal.arn == f"arn:aws:iam::{ACCOUNT}:user/late/dana"
    principal = access_keys.find("AKIA2").principal
    assert (principal.user_name, principal.principal_id) == ("erin", "")


def test_without_a_name_the_key_is_the_callers_own(learner, access_keys):
    _tell(learner, "iam", "CreateAccessKey", {}, _key(""), caller=root(ACCOUNT))
    assert access_keys.find("AKIA1").principal == root(ACCOUNT)


def test_keys_are_switched_off_and_forgotten(learner, access_keys):
    _tell(learner, "iam", "CreateUser", {"UserName": "dana"}, _user("dana"))
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    off = {"AccessKeyId": "AKIA1", "Status": "Inactive", "UserName": "dana"}
    _tell(learner, "iam", "UpdateAccessKey", off, "<R/>")
    assert access_keys.find("AKIA1").status == "Inactive"
    _tell(learner, "iam", "UpdateAccessKey", {**off, "Status": "Active"}, "<R/>")
    assert access_keys.find("AKIA1").status == "Active"
    _tell(learner, "iam", "DeleteUser", {"UserName": "dana"}, "<R/>")
    assert access_keys.find("AKIA1").status == "Inactive"
    _tell(learner, "iam", "DeleteAccessKey", {"AccessKeyId": "AKIA1", "UserName": "dana"}, "<R/>")
    assert access_keys.find("AKIA1") is None


def test_a_renamed_user_keeps_its_keys_under_the_new_name(learner, access_keys):
    _tell(learner, "iam", "CreateUser", {"UserName": "dana", "Path": "/eng/"}, _user("dana"))
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    _tell(learner, "iam", "UpdateUser", {"UserName": "dana", "NewUserName": "dora"}, "<R/>")
    assert access_keys.find("AKIA1").principal == iam_user(ACCOUNT, "dora", "AIDADANA", "/eng/")


def test_an_assumed_role(learner, access_keys):
    assumed = "<AssumedRoleUser><AssumedRoleId>AROADEP:build-7</AssumedRoleId><Arn>x</Arn></AssumedRoleUser>"
    parameters = {"RoleArn": ROLE, "RoleSessionName": "build-7", "SourceIdentity": "dana"}
    _tell(learner, "sts", "AssumeRole", parameters, _session("AssumeRole", assumed))
    key = access_keys.find("ASIA1")
    assert (key.secret, key.session_token, key.expires_at_us) == ("s3cret", "t0ken", 1_772_622_931_000_000)
    principal = key.principal
    assert (principal.type, principal.principal_id) == ("AssumedRole", "AROADEP:build-7")
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/build-7"
    assert (principal.session.issuer.arn, principal.session.issuer.principal_id) == (ROLE, "AROADEP")
    assert (principal.session.source_identity, principal.session.created_at_us) == ("dana", NOW_US)


def test_a_source_identity_goes_along_a_chain_of_roles(learner, access_keys):
    assumed = "<AssumedRoleUser><AssumedRoleId>AROADEP:a</AssumedRoleId><Arn>x</Arn></AssumedRoleUser>"
    first = {"RoleArn": ROLE, "RoleSessionName": "a", "SourceIdentity": "dana"}
    _tell(learner, "sts", "AssumeRole", first, _session("AssumeRole", assumed))
    caller = access_keys.find("ASIA1").principal
    second = _session("AssumeRole", assumed).replace("ASIA1", "ASIA2")
    _tell(learner, "sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "a"}, second, caller=caller)
    assert access_keys.find("ASIA2").principal.session.source_identity == "dana"


def test_session_tokens_and_federated_users(learner, access_keys):
    dana = iam_user(ACCOUNT, "dana", "AIDADANA")
    _tell(learner, "sts", "GetSessionToken", {}, _session("GetSessionToken"), caller=dana)
    principal = access_keys.find("ASIA1").principal
    assert (principal.type, principal.user_name, principal.session.issuer) == ("IAMUser", "dana", None)
    federated = (
        f"<FederatedUser><FederatedUserId>{ACCOUNT}:bob</FederatedUserId>"
        f"<Arn>arn:aws:sts::{ACCOUNT}:federated-user/bob</Arn></FederatedUser>"
    )
    _tell(learner, "sts", "GetFederationToken", {"Name": "bob"}, _session("GetFederationToken", federated), caller=dana)
    principal = access_keys.find("ASIA1").principal
    assert (principal.type, principal.principal_id) == ("FederatedUser", f"{ACCOUNT}:bob")
    assert principal.session.issuer.principal_id == "AIDADANA"


def test_failed_and_odd_calls_teach_nothing(learner, access_keys):
    refused = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, refused, status=403)
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, "<R/>")
    _tell(learner, "sts", "AssumeRole", {"RoleArn": "no-arn", "RoleSessionName": "s"}, _session("AssumeRole"))
    _tell(learner, "iam", "DeleteAccessKey", {"AccessKeyId": "AKIA1"}, "<R/>")
    _tell(learner, "ec2", "DescribeVpcs", {}, "<R/>")
    assert access_keys.find("AKIA1") is None and access_keys.find("ASIA1") is None


def test_a_member_accounts_root_by_assume_root(learner, access_keys):
    answer = _session("AssumeRoot", "<SourceIdentity>dana</SourceIdentity>")
    policy = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    _tell(learner, "sts", "AssumeRoot", {"TargetPrincipal": "444455556666", "TaskPolicyArn": policy}, answer)
    assert user_identity(access_keys.find("ASIA1").principal, "ASIA1") == {
        "type": "Root",
        "principalId": "444455556666",
        "arn": "arn:aws:iam::444455556666:root",
        "accountId": "444455556666",
        "accessKeyId": "ASIA1",
        "sessionContext": {
            "attributes": {"creationDate": "2026-03-04T10:15:31Z", "mfaAuthenticated": "false"},
            "sourceIdentity": "dana",
            "assumedRoot": "true",
        },
    }


def _pool_credentials(identity_id="eu-west-1:i"):
    made = {"AccessKeyId": "ASIA1", "SecretKey": "s3cret", "SessionToken": "t0ken", "Expiration": 4_000_000_000}
    return json.dumps({"IdentityId": identity_id, "Credentials": made})


def test_the_roles_of_a_pool_name_the_sessions_of_its_identities(learner, access_keys):
    service, pool = "cognito-identity", {"IdentityPoolId": "eu-west-1:p"}
    member, guest = f"arn:aws:iam::{ACCOUNT}:role/Member", f"arn:aws:iam::{ACCOUNT}:role/Guest"
    roles = {"authenticated": member, "unauthenticated": guest}
    _tell(learner, service, "SetIdentityPoolRoles", {**pool, "Roles": roles}, "")
    _tell(learner, service, "GetId", pool, json.dumps({"IdentityId": "eu-west-1:i"}))
    for logins, role in (({}, guest), ({"Logins": {"accounts.google.com": "t"}}, member)):
        asked = {"IdentityId": "eu-west-1:i", **logins}
        _tell(learner, service, "GetCredentialsForIdentity", asked, _pool_credentials(), caller=iam_user("9", "n", "n"))
        session = access_keys.find("ASIA1").principal.session
        assert session.issuer.arn == role
        assert dict(session.web_identity.attributes)["cognito-identity.amazonaws.com:aud"] == "eu-west-1:p"


def test_credentials_of_a_pool_that_nobody_saw_are_nobodys(learner, access_keys):
    _tell(learner, "cognito-identity", "GetCredentialsForIdentity", {"IdentityId": "i"}, _pool_credentials())
    assert access_keys.find("ASIA1") is None


def test_a_pods_session_is_named_by_the_answer(learner, access_keys):
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/pod/eks-1"
    answer = {
        "credentials": {"accessKeyId": "ASIA1", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4e9},
        "assumedRoleUser": {"arn": arn, "assumeRoleId": "AROAPOD:eks-1"},
    }
    asked = {"clusterName": "c", "token": "t"}
    _tell(learner, "eks-auth", "AssumeRoleForPodIdentity", asked, json.dumps(answer))
    key = access_keys.find("ASIA1")
    assert (key.principal.arn, key.principal.principal_id) == (arn, "AROAPOD:eks-1")
    assert key.expires_at_us == 4_000_000_000_000_000


def test_credentials_whose_owner_no_answer_tells_are_not_learned(learner, access_keys):
    answer = {"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t"}
    _tell(learner, "lakeformation", "GetTemporaryGlueTableCredentials", {"TableArn": "a"}, json.dumps(answer))
    assert access_keys.find("ASIA1") is None


def test_a_directory_buckets_session_is_the_caller(learner, access_keys):
    answer = (
        "<CreateSessionResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken></Credentials></CreateSessionResult>"
    )
    dana = iam_user(ACCOUNT, "dana", "AIDADANA")
    _tell(learner, "s3", "CreateSession", {"Bucket": "b--use1-az1--x-s3"}, answer, caller=dana)
    assert access_keys.find("ASIA1").principal == dana


def test_another_account_changes_no_key_even_if_the_upstream_let_it(learner, access_keys):
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    stranger = root("999999999999")
    _tell(learner, "iam", "UpdateAccessKey", {"AccessKeyId": "AKIA1", "Status": "Inactive"}, "<R/>", caller=stranger)
    _tell(learner, "iam", "DeleteAccessKey", {"AccessKeyId": "AKIA1"}, "<R/>", caller=stranger)
    assert access_keys.find("AKIA1").status == "Active"


def test_nobody_changes_the_key_of_cloudtrail_itself(learner, access_keys):
    key = service_key(access_keys, b"k" * 32, ACCOUNT)
    named = {"AccessKeyId": key.access_key_id}
    _tell(learner, "iam", "UpdateAccessKey", {**named, "Status": "Inactive"}, "<R/>")
    _tell(learner, "iam", "DeleteAccessKey", named, "<R/>")
    assert access_keys.find(key.access_key_id) == key


def test_the_account_of_a_user_is_the_callers_whatever_the_upstream_calls_its_own(learner, access_keys):
    _tell(learner, "iam", "CreateUser", {"UserName": "dana"}, _user("dana").replace(ACCOUNT, "000000000000"))
    _tell(learner, "iam", "CreateAccessKey", {"UserName": "dana"}, _key("dana"))
    assert access_keys.find("AKIA1").principal == iam_user(ACCOUNT, "dana", "AIDADANA", "/eng/")


def test_a_user_that_a_stand_in_makes_up_for_root_is_not_remembered(learner, access_keys):
    _tell(learner, "iam", "GetUser", {}, _user("default_user").replace("CreateUserResult", "GetUserResult"))
    assert access_keys.identities.find(ACCOUNT, "user", "default_user") is None
