"""Keys of users and root, from their making to their end."""

from tests.recorder.identities.situations.entry import Found, Table, entries
from tests.recorder.identities.world import (
    DANA,
    OTHER_ACCOUNT,
    ROOT,
    Signer,
    World,
    root_identity,
    stranger,
    user_identity,
)
from tests.recorder.rig import ACCOUNT, KEY

TABLE: Table = {}
situation = entries(TABLE)


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
    assert world.server.access_keys.identities.find(ACCOUNT, "user", "frank") is not None
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
