"""Sessions of roles: one after the other, and in other accounts."""

from tests.recorder.identities.situations.entry import Found, Table, entries
from tests.recorder.identities.world import DANA, OTHER_ACCOUNT, SESSION, World, role_identity, stranger
from tests.recorder.rig import ACCOUNT

TABLE: Table = {}
situation = entries(TABLE)


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
