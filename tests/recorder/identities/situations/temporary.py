"""What STS makes of users and root."""

from typing import Any

from tests.recorder.identities.situations.entry import Found, Table, entries
from tests.recorder.identities.world import CREATED, Signer, World, issuer, root_identity, stranger, user_identity
from tests.recorder.rig import ACCOUNT

TABLE: Table = {}
situation = entries(TABLE)


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
