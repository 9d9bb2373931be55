"""Those whom another identity provider vouches for."""

from typing import Any

from tests.recorder.identities.situations.entry import Found, Table, entries
from tests.recorder.identities.world import (
    CREATED,
    DANA,
    OIDC,
    OTHER_ACCOUNT,
    SESSION,
    Signer,
    World,
    role_identity,
    saml_response,
    signer_of,
    web_token,
)
from tests.recorder.rig import ACCOUNT

TABLE: Table = {}
situation = entries(TABLE)


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
