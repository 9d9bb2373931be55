"""IAM users and their long-term keys: created, named anew, rotated, switched off, deleted."""

from dataclasses import replace
from typing import Any, Final

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.identities import Identity
from opentrail.accounts.principal import AWS_SERVICE, Principal, issuer_of, renamed
from opentrail.recorder.learning.told import Known, Steps, Told


def user_described(described: Any, account: str) -> Identity | None:
    """A user as an answer of IAM describes it, as one of `account`; None where it describes none.

    The account in the ARN is the upstream's own, which a stand-in for AWS may choose as it likes.
    """
    if not isinstance(described, dict):
        return None
    name, user_id, arn = described.get("UserName"), described.get("UserId"), described.get("Arn")
    if not (isinstance(name, str) and isinstance(user_id, str) and isinstance(arn, str)):
        return None
    parts = arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("user/"):  # GetUser of root describes root
        return None
    account = account or parts[4]
    return Identity(account, "user", name, user_id, ":".join((*parts[:4], account, parts[5])))


def principal_of(user: Identity) -> Principal:
    """The user as a principal."""
    return Principal(user.account, "IAMUser", user.identity_id, user.arn, user.name)


def user_seen(known: Known, told: Told) -> None:
    """CreateUser, GetUser: the answer tells the user's id and path."""
    user = user_described(told.part("User"), told.account)
    own = told.caller.user_name if told.caller is not None else None
    # Without a name the caller asks for itself; some stand-ins make up a user then.
    if user is not None and user.name in (told.text("UserName"), own):
        _remember(known, [user])


def users_seen(known: Known, told: Told) -> None:
    """ListUsers, GetGroup, GetAccountAuthorizationDetails: the answer tells of many."""
    listed = [*told.entries("Users"), *told.entries("UserDetailList")]
    _remember(known, [user for entry in listed if (user := user_described(entry, told.account)) is not None])


def user_changed(known: Known, told: Told) -> None:
    """UpdateUser: name and path change, id and keys stay."""
    account, name = told.account, told.text("UserName")
    keys = known.access_keys.owned_by(account, "user", name)
    user = known.access_keys.identities.find(account, "user", name) or _told_by(keys)
    if user is None:
        return
    new_name, path = told.text("NewUserName") or name, told.text("NewPath")
    before, _, resource = user.arn.partition(":user")
    arn = f"{before}:user{path or resource.rpartition('/')[0] + '/'}{new_name}"
    changed = replace(user, name=new_name, arn=arn)
    if new_name != name:
        known.access_keys.identities.forget(account, "user", name)
    known.access_keys.identities.keep(changed)
    _rename(known, keys, changed)


def user_deleted(known: Known, told: Told) -> None:
    """DeleteUser: its keys and sessions stop, whoever remembers them."""
    known.access_keys.stop_owned_by(told.account, "user", told.text("UserName"))
    known.access_keys.identities.forget(told.account, "user", told.text("UserName"))


def key_created(known: Known, told: Told) -> None:
    """CreateAccessKey: the only time that the secret is told."""
    made = told.part("AccessKey")
    key_id, secret = made.get("AccessKeyId"), made.get("SecretAccessKey")
    if isinstance(key_id, str) and isinstance(secret, str) and told.caller is not None:
        known.access_keys.learn(AccessKey(key_id, secret, _owner(known, told, made.get("UserName"))))


def key_updated(known: Known, told: Told) -> None:
    """UpdateAccessKey: whatever is not Active does not sign."""
    status = told.text("Status")
    if status and _is_the_callers(known, told):
        known.access_keys.set_status(told.text("AccessKeyId"), "Active" if status == "Active" else "Inactive")


def key_deleted(known: Known, told: Told) -> None:
    """DeleteAccessKey: the key stops; sessions made with it go on, as on AWS."""
    if _is_the_callers(known, told):
        known.access_keys.delete(told.text("AccessKeyId"))


def _is_the_callers(known: Known, told: Told) -> bool:
    """Whether the named key is one of the caller's account: nobody else may change it, whatever an upstream says."""
    key = known.access_keys.find(told.text("AccessKeyId"))
    if key is None or key.principal.type == AWS_SERVICE:
        return False
    return told.caller is None or key.principal.account == told.account


def _owner(known: Known, told: Told, answered_name: Any) -> Principal:
    """The user named by the call, else the caller itself: IAM takes a missing name for the caller's own."""
    caller = told.caller
    name = told.text("UserName")
    if not name and caller is not None and caller.type in ("Root", "IAMUser"):
        return replace(caller, session=None)
    name = name or (answered_name if isinstance(answered_name, str) else "")
    user = known.user(told.account, name)
    if user is None:
        user = Identity(told.account, "user", name, "", f"arn:aws:iam::{told.account}:user/{name}")
    return principal_of(user)


def _remember(known: Known, users: list[Identity]) -> None:
    identities, access_keys = known.access_keys.identities, known.access_keys
    for user in users:
        before = identities.find(user.account, "user", user.name)
        if before == user:
            continue
        if before is not None and before.identity_id not in ("", user.identity_id):
            access_keys.stop_owned_by(user.account, "user", user.name)  # another user of that name: the old one is gone
        else:
            _rename(known, access_keys.owned_by(user.account, "user", user.name), user)
    identities.keep(*users)


def _rename(known: Known, keys: list[AccessKey], user: Identity) -> None:
    """Give keys of a user, and of its sessions, the user's present name, path and id."""
    for key in keys:
        principal = renamed(key.principal, principal_of(user))
        if principal != key.principal:
            known.access_keys.learn(replace(key, principal=principal))


def _told_by(keys: list[AccessKey]) -> Identity | None:
    """The user behind keys."""
    for key in keys:
        issuer = issuer_of(key.principal)
        return Identity(issuer.account, "user", issuer.user_name or "", issuer.principal_id, issuer.arn)
    return None


STEPS: Final[Steps] = {
    ("iam", "CreateUser"): user_seen,
    ("iam", "GetUser"): user_seen,
    ("iam", "ListUsers"): users_seen,
    ("iam", "GetGroup"): users_seen,
    ("iam", "UpdateUser"): user_changed,
    ("iam", "DeleteUser"): user_deleted,
    ("iam", "CreateAccessKey"): key_created,
    ("iam", "UpdateAccessKey"): key_updated,
    ("iam", "DeleteAccessKey"): key_deleted,
}
