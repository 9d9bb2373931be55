"""Principals learned from traffic: keys that IAM and STS hand out, and the users and roles behind them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.principal import Principal, Session, SessionIssuer, assumed_role
from opentrail.clock import MICROSECONDS
from opentrail.recorder.interpretation import Interpreted
from opentrail.recorder.outcome import Outcome


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user as IAM's answers describe it."""

    account: str
    name: str
    user_id: str  # AIDA...
    arn: str  # with the user's path


@dataclass(slots=True)
class _Known:
    user: User
    keys: set[str] = field(default_factory=set)


UserLookUp = Callable[[str, str], User | None]  # account, user name


class Learner:
    """Reads answers of IAM and STS; keeps what later calls need to be verified and named.

    A user's id is in the answers to CreateUser and GetUser, not in the one to CreateAccessKey: users seen are
    remembered (the latest `limits.USERS_REMEMBERED`), others are asked for by `look_up`, if there is one. A key of a
    user that nobody knows has the user's name and ARN and an empty principal id.
    """

    def __init__(self, access_keys: AccessKeys, look_up: UserLookUp | None = None) -> None:
        self._access_keys = access_keys
        self._look_up = look_up
        self._users: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def concerns(self, interpreted: Interpreted, outcome: Outcome) -> bool:
        """Whether there is something to learn: the call is one that changes keys or tells of users, and succeeded."""
        return outcome.error_code is None and _step_of(interpreted) is not None

    def learn(self, interpreted: Interpreted, outcome: Outcome, caller: Principal | None, now_us: int) -> None:
        """Take over what a successful call changed, durable on return; calls that do not concern us change nothing.

        Writes to the catalog and may wait for its disk; from one thread at a time.
        """
        step = _step_of(interpreted)
        if step is not None and outcome.error_code is None:
            step(self, _Told(interpreted.parameters or {}, outcome.output or {}, caller, now_us))

    def remember(self, user: User) -> None:
        """Take note of a user that is known from elsewhere."""
        key = (user.account, user.name)
        known = self._users.pop(key, None)
        self._users[key] = _Known(user, known.keys if known is not None else set())
        if len(self._users) > limits.USERS_REMEMBERED:
            self._users.popitem(last=False)

    def _user_seen(self, told: "_Told") -> None:
        user = _user(told.part("User"))
        if user is not None:
            self.remember(user)

    def _users_seen(self, told: "_Told") -> None:
        for name in ("Users", "UserDetailList"):
            listed = told.output.get(name)
            for entry in listed if isinstance(listed, list) else ():
                user = _user(entry)
                if user is not None:
                    self.remember(user)

    def _user_renamed(self, told: "_Told") -> None:
        name, new_name, new_path = told.text("UserName"), told.text("NewUserName"), told.text("NewPath")
        known = self._users.pop((told.account, name), None)
        if known is None:
            return
        path = new_path or known.user.arn.partition(":user")[2].rpartition("/")[0] + "/"
        user = replace(
            known.user,
            name=new_name or name,
            arn=f"{known.user.arn.partition(':user')[0]}:user{path}{new_name or name}",
        )
        self._users[(user.account, user.name)] = _Known(user, known.keys)
        for key_id in known.keys:
            key = self._access_keys.find(key_id)
            if key is not None:
                self._access_keys.learn(replace(key, principal=_principal_of(user)))

    def _user_deleted(self, told: "_Told") -> None:
        known = self._users.pop((told.account, told.text("UserName")), None)
        for key_id in known.keys if known is not None else ():
            self._access_keys.set_status(key_id, "Inactive")

    def _key_created(self, told: "_Told") -> None:
        made = told.part("AccessKey")
        key_id, secret = made.get("AccessKeyId"), made.get("SecretAccessKey")
        if not isinstance(key_id, str) or not isinstance(secret, str) or told.caller is None:
            return
        principal = self._owner(told, made.get("UserName"))
        self._access_keys.learn(AccessKey(key_id, secret, principal))
        known = self._users.get((principal.account, principal.user_name or ""))
        if known is not None:
            known.keys.add(key_id)

    def _owner(self, told: "_Told", answered_name: Any) -> Principal:
        """The user named by the call, else the caller itself: IAM takes a missing name for the caller's own."""
        caller = told.caller
        name = told.text("UserName")
        if not name and caller is not None and caller.type in ("Root", "IAMUser"):
            return replace(caller, session=None)
        name = name or (answered_name if isinstance(answered_name, str) else "")
        known = self._users.get((told.account, name))
        user = known.user if known is not None else None
        if user is None and self._look_up is not None:
            user = self._look_up(told.account, name)
        if user is None:
            user = User(told.account, name, "", f"arn:aws:iam::{told.account}:user/{name}")
        else:
            self.remember(user)
        return _principal_of(user)

    def _key_updated(self, told: "_Told") -> None:
        status = told.text("Status")
        if status == "Active":
            self._access_keys.set_status(told.text("AccessKeyId"), "Active")
        elif status:
            self._access_keys.set_status(told.text("AccessKeyId"), "Inactive")

    def _key_deleted(self, told: "_Told") -> None:
        self._access_keys.delete(told.text("AccessKeyId"))

    def _role_assumed(self, told: "_Told") -> None:
        session_id = told.part("AssumedRoleUser").get("AssumedRoleId")
        role_arn = told.text("RoleArn")
        if not isinstance(session_id, str) or ":" not in session_id:
            return
        role_id, _, session_name = session_id.partition(":")
        source_identity = told.output.get("SourceIdentity") or told.text("SourceIdentity") or _carried(told.caller)
        try:
            principal = assumed_role(
                role_arn,
                role_id,
                session_name,
                told.now_us,
                mfa=bool(told.text("SerialNumber") and told.text("TokenCode")),
                source_identity=source_identity or None,
            )
        except ValueError:  # the upstream took for a role what is none: nothing to learn
            return
        self._session_key(told, principal)

    def _session_made(self, told: "_Told") -> None:
        if told.caller is not None:
            session = Session(None, told.now_us, mfa=bool(told.text("SerialNumber") and told.text("TokenCode")))
            self._session_key(told, replace(told.caller, session=session))

    def _federated(self, told: "_Told") -> None:
        federated = told.part("FederatedUser")
        user_id, arn, caller = federated.get("FederatedUserId"), federated.get("Arn"), told.caller
        if caller is None or not isinstance(user_id, str) or not isinstance(arn, str):
            return
        issuer = SessionIssuer(caller.type, caller.principal_id, caller.arn, caller.account, caller.user_name)
        session = Session(issuer, told.now_us)
        self._session_key(told, Principal(caller.account, "FederatedUser", user_id, arn, None, session))

    def _session_key(self, told: "_Told", principal: Principal) -> None:
        made = told.part("Credentials")
        key_id, secret, token = (made.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        if isinstance(key_id, str) and isinstance(secret, str) and isinstance(token, str):
            expires = _microseconds(made.get("Expiration"))
            self._access_keys.learn(AccessKey(key_id, secret, principal, token, expires))


@dataclass(frozen=True, slots=True)
class _Told:
    """What one call and its answer tell; with secrets, so never printed."""

    parameters: Mapping[str, Any] = field(repr=False)
    output: Mapping[str, Any] = field(repr=False)
    caller: Principal | None
    now_us: int

    @property
    def account(self) -> str:
        return self.caller.account if self.caller is not None else ""

    def text(self, name: str) -> str:
        value = self.parameters.get(name)
        return value if isinstance(value, str) else ""

    def part(self, name: str) -> Mapping[str, Any]:
        value = self.output.get(name)
        return value if isinstance(value, dict) else {}


def _user(described: Any) -> User | None:
    if not isinstance(described, dict):
        return None
    name, user_id, arn = described.get("UserName"), described.get("UserId"), described.get("Arn")
    if not (isinstance(name, str) and isinstance(user_id, str) and isinstance(arn, str)):
        return None
    parts = arn.split(":")
    if len(parts) != 6 or not parts[5].startswith("user/"):  # GetUser of root describes root
        return None
    return User(parts[4], name, user_id, arn)


def _principal_of(user: User) -> Principal:
    return Principal(user.account, "IAMUser", user.user_id, user.arn, user.name)


def _carried(caller: Principal | None) -> str | None:
    """A source identity stays through chains of roles."""
    return caller.session.source_identity if caller is not None and caller.session is not None else None


def _microseconds(text: Any) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * MICROSECONDS)


_STEPS: Final[Mapping[tuple[str, str], Callable[[Learner, _Told], None]]] = {
    ("iam", "CreateUser"): Learner._user_seen,
    ("iam", "GetUser"): Learner._user_seen,
    ("iam", "ListUsers"): Learner._users_seen,
    ("iam", "GetAccountAuthorizationDetails"): Learner._users_seen,
    ("iam", "GetGroup"): Learner._users_seen,
    ("iam", "UpdateUser"): Learner._user_renamed,
    ("iam", "DeleteUser"): Learner._user_deleted,
    ("iam", "CreateAccessKey"): Learner._key_created,
    ("iam", "UpdateAccessKey"): Learner._key_updated,
    ("iam", "DeleteAccessKey"): Learner._key_deleted,
    ("sts", "AssumeRole"): Learner._role_assumed,
    ("sts", "AssumeRoleWithSAML"): Learner._role_assumed,
    ("sts", "AssumeRoleWithWebIdentity"): Learner._role_assumed,
    ("sts", "GetSessionToken"): Learner._session_made,
    ("sts", "GetFederationToken"): Learner._federated,
}


def _step_of(interpreted: Interpreted) -> Callable[[Learner, _Told], None] | None:
    return _STEPS.get((interpreted.service or "", interpreted.operation_name))
