"""The table of identity situations: who made the key, how, chained how, in which account; and who that is in a record.

Each entry makes a caller by real boto3 calls through the recorder to a real moto and returns what it signs with and the
whole `userIdentity` that its next call has to have, by the reference and by the genuine records of the sample data.
"""

from collections.abc import Callable
from typing import Any

from tests.recorder.identities.world import (
    CREATED,
    DANA,
    OIDC,
    OTHER_ACCOUNT,
    ROOT,
    SESSION,
    Signer,
    World,
    issuer,
    role_identity,
    root_identity,
    saml_response,
    signer_of,
    stranger,
    user_identity,
    web_token,
)
from tests.recorder.rig import ACCOUNT, KEY

Found = tuple[Signer, dict[str, Any]]
SITUATIONS: dict[str, Callable[[World], Found]] = {}


def situation(name: str) -> Callable[[Callable[[World], Found]], Callable[[World], Found]]:
    def enter(made: Callable[[World], Found]) -> Callable[[World], Found]:
        assert name not in SITUATIONS
        SITUATIONS[name] = made
        return made

    return enter


# Long-term keys


@situation("the root key of the settings")
def _(world: World) -> Found:
    return ROOT, root_identity()


@situation("a user of another account in the settings")
def _(world: World) -> Found:
    user = {"UserId": "AIDAEXAMPLEUSER00001", "Arn": f"arn:aws:iam::{OTHER_ACCOUNT}:user/dana", "UserName": "dana"}
    return DANA, user_identity(user, DANA)


@situation("a user's key")
def _(world: World) -> Found:
    user = world.user("alice")
    signer = world.key("alice")
    return signer, user_identity(user, signer)


@situation("a key of a user with a path")
def _(world: World) -> Found:
    user = world.user("bob", "/eng/core/")
    signer = world.key("bob")
    assert user["Arn"].endswith(":user/eng/core/bob")
    return signer, user_identity(user, signer)


@situation("the second of a user's keys")
def _(world: World) -> Found:
    user = world.user("carol")
    world.key("carol")
    signer = world.key("carol")
    return signer, user_identity(user, signer)


@situation("a key that a user made for himself, without a name in the call")
def _(world: World) -> Found:
    user = world.user("dave")
    made = world.client("iam", world.key("dave")).create_access_key()["AccessKey"]
    signer = Signer(made["AccessKeyId"], made["SecretAccessKey"])
    return signer, user_identity(user, signer)


@situation("a key of a user who was made around the recorder: looked up at the upstream")
def _(world: World) -> Found:
    user = world.behind("iam").create_user(UserName="erin", Path="/outside/")["User"]
    signer = world.key("erin")
    return signer, user_identity(user, signer)


@situation("a key of a user whom only ListUsers told of")
def _(world: World) -> Found:
    user = world.behind("iam").create_user(UserName="frank")["User"]
    world.client("iam").list_users()
    signer = world.key("frank")
    return signer, user_identity(user, signer)


@situation("a key of a user who was renamed since")
def _(world: World) -> Found:
    user = world.user("grace")
    signer = world.key("grace")
    world.client("iam").update_user(UserName="grace", NewUserName="gracie")
    arn = f"arn:aws:iam::{ACCOUNT}:user/gracie"
    return signer, user_identity({**user, "UserName": "gracie", "Arn": arn}, signer)


@situation("a key of a user who was moved to another path since")
def _(world: World) -> Found:
    user = world.user("heidi", "/old/")
    signer = world.key("heidi")
    world.client("iam").update_user(UserName="heidi", NewPath="/new/")
    return signer, user_identity({**user, "Arn": f"arn:aws:iam::{ACCOUNT}:user/new/heidi"}, signer)


@situation("a key that was switched off")
def _(world: World) -> Found:
    world.user("ivan")
    signer = world.key("ivan")
    world.client("iam").update_access_key(UserName="ivan", AccessKeyId=signer.key, Status="Inactive")
    return signer, stranger(signer)


@situation("a key that was switched off and on again")
def _(world: World) -> Found:
    user = world.user("judy")
    signer = world.key("judy")
    for status in ("Inactive", "Active"):
        world.client("iam").update_access_key(UserName="judy", AccessKeyId=signer.key, Status=status)
    return signer, user_identity(user, signer)


@situation("a key that was deleted")
def _(world: World) -> Found:
    world.user("karl")
    signer = world.key("karl")
    world.client("iam").delete_access_key(UserName="karl", AccessKeyId=signer.key)
    return signer, stranger(signer)


@situation("the old key of a user who was deleted")
def _(world: World) -> Found:
    world.user("leo")
    signer = world.key("leo")
    world.behind("iam").delete_access_key(UserName="leo", AccessKeyId=signer.key)  # IAM wants the keys gone first
    world.client("iam").delete_user(UserName="leo")
    return signer, stranger(signer)


@situation("the old key of a user who was deleted and made again")
def _(world: World) -> Found:
    world.user("mia")
    signer = world.key("mia")
    iam = world.behind("iam")
    iam.delete_access_key(UserName="mia", AccessKeyId=signer.key)
    iam.delete_user(UserName="mia")
    world.user("mia")
    return signer, stranger(signer)


@situation("the new key of a user who was deleted and made again")
def _(world: World) -> Found:
    first = world.user("nina")
    world.behind("iam").delete_user(UserName="nina")
    user = world.user("nina")
    signer = world.key("nina")
    assert user["UserId"] != first["UserId"]
    return signer, user_identity(user, signer)


@situation("a user of the same name in another account")
def _(world: World) -> Found:
    world.user("oscar")
    user = world.user("oscar", by=DANA)
    signer = world.key("oscar", by=DANA)
    assert user["Arn"] == f"arn:aws:iam::{OTHER_ACCOUNT}:user/oscar"
    return signer, user_identity(user, signer)


@situation("a known key and a wrong secret")
def _(world: World) -> Found:
    signer = Signer(KEY, "guessed")
    return signer, stranger(signer)


@situation("a key that nobody ever made")
def _(world: World) -> Found:
    signer = Signer("AKIAEXAMPLENOBODY001", "s")
    return signer, stranger(signer)


# Temporary credentials of users and root


@situation("GetSessionToken of a user")
def _(world: World) -> Found:
    user = world.user("peggy")
    signer = world.sts("get_session_token", world.key("peggy"))
    return signer, user_identity(user, signer, mfa="false")


@situation("GetSessionToken of a user with MFA")
def _(world: World) -> Found:
    user = world.user("quinn")
    device = f"arn:aws:iam::{ACCOUNT}:mfa/quinn"
    signer = world.sts("get_session_token", world.key("quinn"), SerialNumber=device, TokenCode="123456")
    return signer, user_identity(user, signer, mfa="true")


@situation("GetSessionToken of root, after that of a user: two callers, two keys")
def _(world: World) -> Found:
    world.user("rosa")
    other = world.sts("get_session_token", world.key("rosa"))
    signer = world.sts("get_session_token")
    assert signer.key != other.key and signer.secret != other.secret and signer.token != other.token
    context = {"attributes": {"creationDate": CREATED, "mfaAuthenticated": "false"}}
    return signer, {**root_identity(signer), "sessionContext": context}


@situation("GetSessionToken of a user whose key was deleted since: the session goes on")
def _(world: World) -> Found:
    user = world.user("sven")
    key = world.key("sven")
    signer = world.sts("get_session_token", key)
    world.client("iam").delete_access_key(UserName="sven", AccessKeyId=key.key)
    return signer, user_identity(user, signer, mfa="false")


@situation("GetSessionToken of a user who was deleted since")
def _(world: World) -> Found:
    world.user("tina")
    key = world.key("tina")
    signer = world.sts("get_session_token", key)
    world.client("iam").delete_access_key(UserName="tina", AccessKeyId=key.key)
    world.client("iam").delete_user(UserName="tina")
    return signer, stranger(signer)


@situation("a session without its token")
def _(world: World) -> Found:
    signer = world.sts("get_session_token")._replace(token=None)
    return signer, stranger(signer)


@situation("a session with the token of another")
def _(world: World) -> Found:
    other = world.sts("get_session_token")
    signer = world.sts("get_session_token")._replace(token=other.token)
    return signer, stranger(signer)


def _federated(signer: Signer, name: str, by: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT}:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": signer.key,
        "sessionContext": {
            "sessionIssuer": by,
            "attributes": {"creationDate": CREATED, "mfaAuthenticated": "false"},
        },
    }


@situation("GetFederationToken of a user")
def _(world: World) -> Found:
    user = world.user("uma")
    signer = world.sts("get_federation_token", world.key("uma"), Name="guest")
    return signer, _federated(signer, "guest", issuer("IAMUser", user["UserId"], user["Arn"], "uma"))


@situation("GetFederationToken of root")
def _(world: World) -> Found:
    signer = world.sts("get_federation_token", Name="visitor")
    return signer, _federated(signer, "visitor", issuer("Root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", None))


@situation("GetFederationToken of a user who was renamed since")
def _(world: World) -> Found:
    user = world.user("vera")
    signer = world.sts("get_federation_token", world.key("vera"), Name="guest")
    world.client("iam").update_user(UserName="vera", NewUserName="veronica")
    arn = f"arn:aws:iam::{ACCOUNT}:user/veronica"
    return signer, _federated(signer, "guest", issuer("IAMUser", user["UserId"], arn, "veronica"))


# Roles


@situation("AssumeRole by a user")
def _(world: World) -> Found:
    world.user("walt")
    role = world.role("Reader")
    signer = world.assume(role, world.key("walt"), "walts-session")
    return signer, role_identity(role, signer, "walts-session")


@situation("AssumeRole of a role with a path: gone from the session's ARN, kept in the issuer's")
def _(world: World) -> Found:
    role = world.role("Deployer", "/ci/prod/")
    signer = world.assume(role)
    identity = role_identity(role, signer)
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/{SESSION}"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/ci/prod/Deployer"
    return signer, identity


@situation("AssumeRole with MFA")
def _(world: World) -> Found:
    role = world.role("Guarded")
    signer = world.assume(role, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/root", TokenCode="123456")
    return signer, role_identity(role, signer, mfa="true")


@situation("AssumeRole with a source identity")
def _(world: World) -> Found:
    role = world.role("Sourced")
    signer = world.assume(role, SourceIdentity="alice@example.com")
    return signer, role_identity(role, signer, sourceIdentity="alice@example.com")


@situation("AssumeRole with an external id and session tags: nothing of them is in the identity")
def _(world: World) -> Found:
    role = world.role("External")
    tags = [{"Key": "Project", "Value": "Pegasus"}]
    signer = world.assume(role, ExternalId="partner-7", Tags=tags, TransitiveTagKeys=["Project"])
    return signer, role_identity(role, signer)


@situation("a chain of two roles")
def _(world: World) -> Found:
    first, second = world.role("FirstLink"), world.role("SecondLink")
    signer = world.assume(second, world.assume(first, name="one"), name="two")
    return signer, role_identity(second, signer, "two")


@situation("a chain of three roles: the source identity of the first stays")
def _(world: World) -> Found:
    roles = [world.role(f"Chain{number}") for number in range(3)]
    signer = world.assume(roles[0], SourceIdentity="origin")
    for role in roles[1:]:
        signer = world.assume(role, signer)
    return signer, role_identity(roles[2], signer, sourceIdentity="origin")


@situation("a chain that begins with MFA: a later role does not count as authenticated by it")
def _(world: World) -> Found:
    first, second = world.role("MfaFirst"), world.role("MfaSecond")
    begun = world.assume(first, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/root", TokenCode="123456")
    signer = world.assume(second, begun)
    return signer, role_identity(second, signer)


@situation("a role of another account")
def _(world: World) -> Found:
    role = world.role("Visited", by=DANA)
    signer = world.assume(role)
    identity = role_identity(role, signer)
    assert identity["accountId"] == OTHER_ACCOUNT
    return signer, identity


@situation("a role of a third account, by way of a role of the second")
def _(world: World) -> Found:
    second = world.role("Bridge", by=DANA)
    third = {"Arn": "arn:aws:iam::333333333333:role/Far", "RoleName": "Far"}
    made = world.behind("iam", "333333333333").create_role(RoleName="Far", AssumeRolePolicyDocument="{}")["Role"]
    signer = world.assume(third, world.assume(second))
    return signer, role_identity(made, signer)


@situation("a role that was made around the recorder: looked up at the upstream")
def _(world: World) -> Found:
    role = world.behind("iam").create_role(RoleName="Hidden", Path="/x/", AssumeRolePolicyDocument="{}")["Role"]
    signer = world.assume(role)
    return signer, role_identity(role, signer)


@situation("a session of a role that was deleted since")
def _(world: World) -> Found:
    role = world.role("ShortLived")
    signer = world.assume(role)
    world.client("iam").delete_role(RoleName="ShortLived")
    return signer, stranger(signer)


@situation("a session of a role that a session of it deleted and made again")
def _(world: World) -> Found:
    role = world.role("Phoenix")
    signer = world.assume(role)
    world.behind("iam").delete_role(RoleName="Phoenix")
    world.role("Phoenix", by=signer)
    return signer, stranger(signer)


# Other identity providers


def _oidc(world: World, role: dict[str, Any], **claims: Any) -> Signer:
    token = web_token(iss=OIDC, aud="sts.amazonaws.com", sub="repo:o/r:ref:refs/heads/main", **claims)
    call = {"RoleArn": role["Arn"], "RoleSessionName": SESSION, "WebIdentityToken": token}
    return world.sts("assume_role_with_web_identity", None, **call)


def _oidc_data(account: str = ACCOUNT) -> dict[str, Any]:
    provider = f"arn:aws:iam::{account}:oidc-provider/token.actions.example.com"
    return {"federatedProvider": provider, "attributes": {}}


@situation("AssumeRoleWithWebIdentity with an OpenID Connect provider of one's own")
def _(world: World) -> Found:
    role = world.role("Builder", "/oidc/")
    signer = _oidc(world, role)
    return signer, role_identity(role, signer, webIdFederationData=_oidc_data())


@situation("AssumeRoleWithWebIdentity with Google: its ids are in the session")
def _(world: World) -> Found:
    role = world.role("Searcher")
    token = web_token(iss="https://accounts.google.com", azp="app-1", aud="app-1", sub="1234567890")
    call = {"RoleArn": role["Arn"], "RoleSessionName": SESSION, "WebIdentityToken": token}
    signer = world.sts("assume_role_with_web_identity", None, **call)
    ids = {"accounts.google.com:aud": "app-1", "accounts.google.com:sub": "1234567890"}
    data = {"federatedProvider": "accounts.google.com", "attributes": ids}
    return signer, role_identity(role, signer, webIdFederationData=data)


@situation("AssumeRoleWithWebIdentity into another account, with a source identity in the token")
def _(world: World) -> Found:
    role = world.role("BuilderThere", by=DANA)
    signer = _oidc(world, role, **{"https://aws.amazon.com/source_identity": "octo"})
    data = _oidc_data(OTHER_ACCOUNT)
    return signer, role_identity(role, signer, webIdFederationData=data, sourceIdentity="octo")


@situation("a chain that begins with a web identity: the next role knows nothing of it")
def _(world: World) -> Found:
    first, second = world.role("BuilderFirst"), world.role("BuilderSecond")
    signer = world.assume(second, _oidc(world, first))
    return signer, role_identity(second, signer)


@situation("AssumeRoleWithSAML")
def _(world: World) -> Found:
    role = world.role("Employee", "/sso/")
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
    assertion = saml_response(role["Arn"], provider, "ann@corp.example", "ann", SourceIdentity=["ann"])
    call = {"RoleArn": role["Arn"], "PrincipalArn": provider, "SAMLAssertion": assertion}
    signer = world.sts("assume_role_with_saml", None, **call)
    return signer, role_identity(role, signer, "ann", sourceIdentity="ann")


def _pool(world: World, name: str) -> str:
    cognito = world.client("cognito-identity")
    pool = cognito.create_identity_pool(IdentityPoolName=name, AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
    return str(pool)


def _pool_data(pool: str, identity: str, **more: str) -> dict[str, Any]:
    ids = {"cognito-identity.amazonaws.com:aud": pool, "cognito-identity.amazonaws.com:sub": identity}
    return {"federatedProvider": "cognito-identity.amazonaws.com", "attributes": {**more, **ids}}


UNAUTHENTICATED = {"cognito-identity.amazonaws.com:amr": '["unauthenticated"]'}


@situation("Cognito credentials of a guest")
def _(world: World) -> Found:
    role = world.role("Guest")
    pool = _pool(world, "guests")
    cognito = world.client("cognito-identity", None)
    identity = cognito.get_id(IdentityPoolId=pool)["IdentityId"]
    signer = signer_of(
        cognito.get_credentials_for_identity(IdentityId=identity, CustomRoleArn=role["Arn"])["Credentials"]
    )
    data = _pool_data(pool, identity, **UNAUTHENTICATED)
    return signer, role_identity(role, signer, "CognitoIdentityCredentials", webIdFederationData=data)


@situation("Cognito credentials of somebody who has logged in")
def _(world: World) -> Found:
    role = world.role("Member")
    pool = _pool(world, "members")
    cognito = world.client("cognito-identity", None)
    logins = {"accounts.google.com": web_token(sub="1")}
    identity = cognito.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    answer = cognito.get_credentials_for_identity(IdentityId=identity, Logins=logins, CustomRoleArn=role["Arn"])
    signer = signer_of(answer["Credentials"])
    data = _pool_data(pool, identity)
    return signer, role_identity(role, signer, "CognitoIdentityCredentials", webIdFederationData=data)


@situation("Cognito credentials of a pool without roles: a role session of that account, more nobody knows")
def _(world: World) -> Found:
    pool = _pool(world, "bare")
    cognito = world.client("cognito-identity", None)
    identity = cognito.get_id(IdentityPoolId=pool)["IdentityId"]
    signer = signer_of(cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"])
    context = {
        "webIdFederationData": _pool_data(pool, identity, **UNAUTHENTICATED),
        "attributes": {"creationDate": CREATED, "mfaAuthenticated": "false"},
    }
    known = {"type": "AssumedRole", "accountId": ACCOUNT, "accessKeyId": signer.key}
    return signer, {**known, "sessionContext": context}
