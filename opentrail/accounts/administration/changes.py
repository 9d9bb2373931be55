"""One change of our own principals: a transaction of the catalog that is committed once its events are durable.

So nobody becomes somebody without a record; if the commit then fails, the events tell of what was tried.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine

from opentrail.catalog.database import READING
from opentrail.catalog.principals import AccountRow, Kind, PrincipalRow, account_of, find_principal
from opentrail.clock import Clock
from opentrail.errors import ClientError

IAM: Final = "iam.amazonaws.com"
ORGANIZATIONS: Final = "organizations.amazonaws.com"
OWN: Final = "opentrail.local"  # for what no service of AWS does


class NoSuchEntity(ClientError):
    """There is nothing of this name."""

    code = "NoSuchEntity"


class EntityAlreadyExists(ClientError):
    """There is something of this name already."""

    code = "EntityAlreadyExists"


class InvalidInput(ClientError):
    """A name or value is not one that can be used."""

    code = "InvalidInput"


class LimitExceeded(ClientError):
    """There are as many of these as there may be."""

    code = "LimitExceeded"


class DeleteConflict(ClientError):
    """It is still used."""

    code = "DeleteConflict"


@dataclass(frozen=True, slots=True)
class Change:
    """What an event tells of a change: in whose history, which operation of which service, with what.

    `parameters` and `elements` are those of a record, without secrets; times are microseconds since the epoch.
    """

    account: str
    source: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    elements: Mapping[str, Any] | None = None


Tell = Callable[[Change], None]  # its event is on disk on return, or it raises


class Changes:
    """Where changes are made. `tell` makes their events."""

    def __init__(self, engine: Engine, clock: Clock, tell: Tell) -> None:
        self._engine = engine
        self.clock = clock
        self.tell = tell

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A change: durable when this ends, nothing of it there if it raises."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Reading alone."""
        with self._engine.connect().execution_options(**READING) as connection:
            yield connection


_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH: Final = re.compile(r"/|/[\x21-\x7e]{1,510}/")
_POLICY_NAME: Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


def require_name(name: str, path: str = "/") -> None:
    """Raise InvalidInput where a user or role cannot be called so."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r}: a name has 1 to 64 letters, digits and _+=,.@-")
    if not _PATH.fullmatch(path) or "//" in path:
        raise InvalidInput(f"{path!r}: a path begins and ends with /")


def require_policy_name(name: str) -> None:
    """Raise InvalidInput where a policy cannot be called so."""
    if not _POLICY_NAME.fullmatch(name):
        raise InvalidInput(f"{name!r}: a policy's name has 1 to 128 letters, digits and _+=,.@-")


def require_account_id(account: str) -> None:
    """Raise InvalidInput where this is no account's number."""
    if not _ACCOUNT.fullmatch(account):
        raise InvalidInput(f"{account!r}: an account has 12 digits")


def known_account(connection: Connection, account: str) -> AccountRow:
    """The account. Raises NoSuchEntity."""
    found = account_of(connection, account)
    if found is None:
        raise NoSuchEntity(f"there is no account {account}")
    return found


def known_principal(connection: Connection, account: str, kind: Kind, name: str) -> PrincipalRow:
    """The user or role. Raises NoSuchEntity."""
    found = find_principal(connection, account, kind, name)
    if found is None:
        raise NoSuchEntity(f"account {account} has no {kind} {name}")
    return found
