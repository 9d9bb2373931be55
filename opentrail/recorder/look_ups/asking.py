"""Questions to upstreams about users, roles and keys, with AWS's own client; answered None where nobody can say.

An upstream that believes us is asked with our own key, or for the caller's account. Any other is asked only where its
`look_up` says where and with which key: such questions are calls of that key at the upstream. They are not calls of
our clients and leave no record here.
"""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from opentrail import limits
from opentrail.accounts.identities import Identity
from opentrail.accounts.principal import UNKNOWN, Principal, Session, SessionIssuer
from opentrail.clock import Clock
from opentrail.recorder.forwarding.upstreams import Upstream, Upstreams
from opentrail.recorder.learning.handed_out import session_named
from opentrail.recorder.learning.roles import role_described
from opentrail.recorder.learning.told import Credentials
from opentrail.recorder.learning.users import principal_of, user_described
from opentrail.telemetry import logger

_LOG = logger("recorder")
_CONFIG: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}, parameter_validation=False
)
_REGION: Final = "us-east-1"
_NOBODYS_KEY: Final = "AKIA0000000000000000"  # to sign for an upstream that looks at the account alone

Key = tuple[str, str, str | None]  # access key id, secret, session token


class Door(NamedTuple):
    """Where a question goes: a service of an upstream, and how it is signed and told the account."""

    service: str
    url: str
    region: str
    key: Key
    ca_file: str = ""  # empty: the system's authorities
    account: str = ""
    header: str = ""  # that tells the upstream the account; empty: none


class UpstreamLookUps:
    """Asks the upstreams. Safe from any thread; every question waits for the network."""

    def __init__(self, upstreams: Upstreams, clock: Clock) -> None:
        self._upstreams = upstreams
        self._clock = clock
        self._not_found: OrderedDict[tuple[str, str, str], float] = OrderedDict()  # until when nobody asks again
        self._lock = threading.Lock()

    def user(self, account: str, name: str) -> Identity | None:
        """An IAM user by name; one that was not found is not asked for again for a while."""
        return self._once("user", account, name, lambda: self._user(account, name))

    def role(self, account: str, name: str) -> Identity | None:
        """A role by name, only of that account; one that was not found is not asked for again for a while."""
        return self._once("role", account, name, lambda: self._role(account, name))

    def _once(self, kind: str, account: str, name: str, ask: Callable[[], Identity | None]) -> Identity | None:
        asked, now = (kind, account, name), self._clock.monotonic()
        with self._lock:
            if self._not_found.get(asked, now) > now:
                return None
        found = ask()
        with self._lock:
            self._not_found.pop(asked, None)
            if found is None:
                self._not_found[asked] = now + limits.LOOK_UP_FAILED_SECONDS
                if len(self._not_found) > limits.ACCESS_KEYS_IN_MEMORY:
                    self._not_found.popitem(last=False)
        return found

    def _user(self, account: str, name: str) -> Identity | None:
        answer = self._ask_iam(account, lambda iam: iam.get_user(UserName=name))
        upstream = self._upstreams.for_service("iam")
        ours = upstream is not None and upstream.takes_our_word
        found = user_described(answer.get("User"), account if ours else "")
        return found if found is not None and found.account == account else None  # a look-up key knows its own users

    def _role(self, account: str, name: str) -> Identity | None:
        found = role_described(self._ask_iam(account, lambda iam: iam.get_role(RoleName=name)).get("Role"))
        return found if found is not None and found.account == account else None

    def caller(self, service: str, credentials: Credentials) -> Principal | None:
        """Whose credentials these are, by GetCallerIdentity with themselves, where the upstream's STS is configured."""
        upstream = self._upstreams.for_service(service)
        look_up = upstream.look_up if upstream is not None else None
        if upstream is None or look_up is None or not look_up.sts_url:
            return None
        key = (credentials.access_key_id, credentials.secret, credentials.session_token)
        door = Door("sts", look_up.sts_url, look_up.region, key, upstream.ca_file)
        answer = _answer(lambda: _new_client(door).get_caller_identity())
        return self._named(str(answer.get("Arn", "")), str(answer.get("UserId", "")))

    def key(self, upstream: Upstream, access_key_id: str) -> Principal | None:
        """Who signs with a key that was never seen here: its user; at least its account.

        By GetAccessKeyLastUsed and GetUser of IAM, which know the users of the look-up key's own account, and
        GetAccessKeyInfo of STS.
        """
        look_up = upstream.look_up
        if look_up is None or not look_up.access_key_id:
            return None
        own = (look_up.access_key_id, look_up.secret_access_key, None)
        if look_up.iam_url:
            iam = _client(Door("iam", look_up.iam_url, look_up.region, own, upstream.ca_file))
            name = _answer(lambda: iam.get_access_key_last_used(AccessKeyId=access_key_id)).get("UserName")
            user = user_described(_answer(lambda: iam.get_user(UserName=name)).get("User"), "") if name else None
            if user is not None:
                return principal_of(user)
        if look_up.sts_url:
            sts = _client(Door("sts", look_up.sts_url, look_up.region, own, upstream.ca_file))
            account = _answer(lambda: sts.get_access_key_info(AccessKeyId=access_key_id)).get("Account")
            if isinstance(account, str) and account:
                return Principal(account, UNKNOWN, "", "")
        return None

    def _ask_iam(self, account: str, question: Callable[[Any], Mapping[str, Any]]) -> Mapping[str, Any]:
        door = self.door("iam", account)
        return _answer(lambda: question(_client(door))) if door is not None else {}

    def door(self, service: str, account: str) -> Door | None:
        """Where to ask for what is an account's; None where nobody can be asked."""
        upstream = self._upstreams.for_service(service)
        if upstream is None or not account:
            return None
        look_up = upstream.look_up
        if upstream.account_header is not None:
            key: Key = (_NOBODYS_KEY, _NOBODYS_KEY, None)
            return Door(service, upstream.url, _REGION, key, upstream.ca_file, account, upstream.account_header)
        if upstream.signing == "resign":
            key = (upstream.access_key_id, upstream.secret_access_key, None)
            return Door(service, upstream.url, upstream.region or _REGION, key, upstream.ca_file)
        if look_up is not None and look_up.access_key_id:
            url = look_up.iam_url if service == "iam" else upstream.url
            key = (look_up.access_key_id, look_up.secret_access_key, None)
            return Door(service, url, look_up.region, key, upstream.ca_file) if url else None
        return None

    def _named(self, arn: str, user_id: str) -> Principal | None:
        """The principal that GetCallerIdentity names."""
        session = session_named(arn, user_id, self._clock.now_us())
        if session is not None:
            return self._with_role(session)
        user = user_described({"UserName": arn.rpartition("/")[2], "UserId": user_id, "Arn": arn}, "")
        return principal_of(user) if user is not None else None

    def _with_role(self, session: Principal) -> Principal:
        """A role session with its issuer; its ARN does not tell the role's path, so IAM is asked for that."""
        role_id = session.principal_id.partition(":")[0]
        name = session.arn.split("/")[1]
        role = self.role(session.account, name)
        arn = role.arn if role is not None else ""
        issuer = SessionIssuer("Role", role_id, arn, session.account, name)
        created_at_us = session.session.created_at_us if session.session is not None else self._clock.now_us()
        return Principal(
            session.account,
            session.type,
            session.principal_id,
            session.arn,
            session=Session(issuer, created_at_us),
        )


def _answer(question: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return question()
    except ClientError as refusal:
        _LOG.debug("look-up refused", action="look-up", code=refusal.response.get("Error", {}).get("Code"))
    except (BotoCoreError, ValueError, LookupError) as failure:  # the last: botocore of XML that is another answer
        _LOG.warning("look-up failed", action="look-up", error=type(failure).__name__)
    return {}


def _new_client(door: Door) -> Any:
    access_key_id, secret, token = door.key
    client = _botocore().create_client(
        door.service,
        region_name=door.region,
        endpoint_url=door.url,
        verify=door.ca_file or None,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=_CONFIG,
    )

    def tell_account(request: Any, **_: Any) -> None:
        request.headers[door.header] = door.account

    if door.header:
        client.meta.events.register(f"before-send.{door.service}", tell_account)
    return client


_client = functools.lru_cache(maxsize=64)(_new_client)  # making one takes longer than asking


def client_at(door: Door) -> Any:
    """A client of AWS's own for a door; remembered."""
    return _client(door)


@functools.cache
def _botocore() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_config_variable("config_file", "/dev/null")  # what the server's own user has set up is not ours
    session.set_config_variable("credentials_file", "/dev/null")
    return session
