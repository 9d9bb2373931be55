"""A catalog with principals of our own in it, and what was told of them, for tests."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.administration import (
    AccountChanges,
    Change,
    Changes,
    IdentityChanges,
    KeyChanges,
    PolicyChanges,
)
from opentrail.accounts.attached_policies import AttachedPolicies
from opentrail.accounts.own_keys import OwnKeys
from opentrail.accounts.principal import Principal, iam_user
from opentrail.accounts.role_sessions import RoleSessions
from opentrail.accounts.stored_policies import StoredPolicies
from opentrail.catalog.database import open_catalog
from opentrail.catalog.principals import PrincipalRow
from opentrail.clock import SettableClock

ROOT_KEY = b"r" * 32
ACCOUNT = "111122223333"
OTHER = "444455556666"
ALLOW_ALL = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


@dataclass
class Household:
    """The management account ACCOUNT and the account OTHER."""

    folder: Path
    clock: SettableClock
    told: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine: Engine = open_catalog(self.folder)
        changes = Changes(self.engine, self.clock, self.told.append)
        self.own_keys = OwnKeys(ROOT_KEY, self.clock)
        self.accounts = AccountChanges(changes)
        self.identities = IdentityChanges(changes, self.own_keys)
        self.policies = PolicyChanges(changes)
        self.keys = KeyChanges(changes, self.own_keys)
        self.access_keys = AccessKeys(self.engine, ROOT_KEY, clock=self.clock)
        self.stored = StoredPolicies(self.engine, self.clock)
        self.attached = AttachedPolicies(stored=self.stored)
        self.sessions = RoleSessions(self.engine, self.own_keys, self.attached, self.clock)
        self.accounts.make_management("management", ACCOUNT)
        self.accounts.create("other", OTHER)
        self.told.clear()

    def user(self, name: str, *documents: str, account: str = ACCOUNT) -> Principal:
        row = self.identities.create_user(account, name)
        for number, document in enumerate(documents):
            made = self.policies.create(account, f"{name}-{number}", document)
            self.identities.attach(account, "user", name, made.arn)
        self.later()
        return iam_user(account, name, row.principal_id)

    def role(self, name: str, trust: str, *, account: str = ACCOUNT, seconds: int = 3600) -> PrincipalRow:
        return self.identities.create_role(account, name, trust, session_seconds=seconds)

    def later(self, seconds: float = 1.0) -> None:
        """What was changed is seen by now."""
        self.clock.advance(seconds)

    def names(self) -> list[str]:
        return [change.name for change in self.told]

    def close(self) -> None:
        self.access_keys.close()
        self.stored.close()
        self.engine.dispose()
