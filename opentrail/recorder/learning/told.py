"""What one call and its answer tell, and what is known already, as every way of learning needs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.identities import Identity
from opentrail.accounts.principal import Principal
from opentrail.clock import MICROSECONDS


class LookUps(Protocol):
    """Who asks the upstreams for what traffic did not tell. All answer None where nobody can say."""

    def user(self, account: str, name: str) -> Identity | None:
        """An IAM user by name."""
        ...

    def role(self, account: str, name: str) -> Identity | None:
        """A role by name."""
        ...

    def caller(self, service: str, credentials: "Credentials") -> Principal | None:
        """Whose credentials these are that an upstream of `service` has handed out."""
        ...


class NoLookUps:
    """Traffic alone teaches."""

    def user(self, account: str, name: str) -> Identity | None:
        """Nobody is asked."""
        return None

    def role(self, account: str, name: str) -> Identity | None:
        """Nobody is asked."""
        return None

    def caller(self, service: str, credentials: "Credentials") -> Principal | None:
        """Nobody is asked."""
        return None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials in an answer; with secrets, so never printed."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at_us: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """Where knowledge is kept, and who can be asked for more."""

    access_keys: AccessKeys
    look_ups: LookUps

    def user(self, account: str, name: str) -> Identity | None:
        """A user by name: remembered, else looked up and remembered."""
        identities = self.access_keys.identities
        known = identities.find(account, "user", name)
        if known is None and name:
            known = self.look_ups.user(account, name)
            if known is not None:
                identities.keep(known)
        return known

    def role(self, account: str, name: str) -> Identity | None:
        """A role by name: remembered, else looked up and remembered."""
        identities = self.access_keys.identities
        known = identities.find(account, "role", name)
        if known is None and name:
            known = self.look_ups.role(account, name)
            if known is not None:
                identities.keep(known)
        return known

    def session_key(self, credentials: Credentials | None, principal: Principal) -> None:
        """Keep the key of a session, if the answer held one."""
        if credentials is not None:
            self.access_keys.learn(
                AccessKey(
                    credentials.access_key_id,
                    credentials.secret,
                    principal,
                    credentials.session_token,
                    credentials.expires_at_us,
                )
            )


@dataclass(frozen=True, slots=True)
class Told:
    """What one call and its answer tell; with secrets, so never printed."""

    parameters: Mapping[str, Any] = field(repr=False)
    output: Mapping[str, Any] = field(repr=False)
    caller: Principal | None
    now_us: int

    @property
    def account(self) -> str:
        """The caller's account; empty where the caller is unknown."""
        return self.caller.account if self.caller is not None else ""

    def text(self, name: str) -> str:
        """A parameter that is a text; empty where it is absent."""
        value = self.parameters.get(name)
        return value if isinstance(value, str) else ""

    def answered(self, name: str) -> str:
        """A member of the answer that is a text; empty where it is absent."""
        value = self.output.get(name)
        return value if isinstance(value, str) else ""

    def part(self, name: str) -> Mapping[str, Any]:
        """A member of the answer that is a structure."""
        value = self.output.get(name)
        return value if isinstance(value, dict) else {}

    def entries(self, name: str) -> list[Any]:
        """A member of the answer that is a list."""
        value = self.output.get(name)
        return value if isinstance(value, list) else []

    @property
    def credentials(self) -> Credentials | None:
        """What STS calls `Credentials`."""
        return credentials_in(self.part("Credentials"))


Step = Callable[[Known, Told], None]
Steps = Mapping[tuple[str, str], Step]


def credentials_in(part: Mapping[str, Any]) -> Credentials | None:
    """The credentials in a structure, whichever of AWS's spellings of their names it uses."""
    named = {name.lower(): value for name, value in part.items()}
    key_id = named.get("accesskeyid")
    secret = named.get("secretaccesskey") or named.get("secretkey")
    token = named.get("sessiontoken")
    if not (isinstance(key_id, str) and isinstance(secret, str) and isinstance(token, str)):
        return None
    expires = named.get("expiration") or named.get("expirationtime") or named.get("expiresat")
    return Credentials(key_id, secret, token, microseconds(expires))


_MILLISECONDS_FROM = 100_000_000_000  # a later number is no seconds: the year 5138


def microseconds(moment: Any) -> int | None:
    """A time of an answer: ISO 8601, or seconds or milliseconds since the epoch."""
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return int(moment * (1000 if moment >= _MILLISECONDS_FROM else MICROSECONDS))
    if not isinstance(moment, str):
        return None
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return None
    read = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    return int(read.timestamp() * MICROSECONDS)
