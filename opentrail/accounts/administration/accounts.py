"""Accounts of our own: made, closed so that none of their keys is good, and opened again."""

import secrets

from sqlalchemy import Connection

from opentrail.accounts.administration.changes import (
    ORGANIZATIONS,
    OWN,
    Change,
    Changes,
    EntityAlreadyExists,
    InvalidInput,
    NoSuchEntity,
    known_account,
    require_account_id,
)
from opentrail.catalog.principals import (
    ACTIVE,
    SUSPENDED,
    AccountRow,
    account_of,
    add_account,
    all_accounts,
    management_account,
    set_account_status,
)

_ACCOUNTS = 10**12
_NAME_CHARACTERS = 50  # AWS's limit


class AccountChanges:
    """Operations on accounts. Their events are the management account's."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def all(self) -> list[AccountRow]:
        """All accounts, the management account first."""
        with self._changes.look() as connection:
            return all_accounts(connection)

    def management(self) -> str:
        """The management account. Raises NoSuchEntity before `opentrail init`."""
        with self._changes.look() as connection:
            return _management(connection)

    def make_management(self, name: str, account: str = "") -> AccountRow:
        """The first account. Its event is an account's creation. Raises EntityAlreadyExists, InvalidInput."""
        with self._changes.begin() as connection:
            there = management_account(connection)
            if there is not None:
                raise EntityAlreadyExists(f"the management account is {there} already")
            return self._made(connection, name, account, management=True)

    def create(self, name: str, account: str = "") -> AccountRow:
        """A further account, with a number of its own choosing unless `account` says it (CreateAccount).

        Raises EntityAlreadyExists, InvalidInput, NoSuchEntity.
        """
        with self._changes.begin() as connection:
            _management(connection)
            return self._made(connection, name, account, management=False)

    def close(self, account: str) -> None:
        """None of its keys is good from now on (CloseAccount). Raises NoSuchEntity, InvalidInput."""
        with self._changes.begin() as connection:
            if known_account(connection, account).management:
                raise InvalidInput(f"{account} is the management account: it cannot be closed")
            set_account_status(connection, account, SUSPENDED)
            manager = _management(connection)
            self._changes.tell(Change(manager, ORGANIZATIONS, "CloseAccount", {"accountId": account}))

    def reopen(self, account: str) -> None:
        """Its keys are good again, but for those that are switched off. Raises NoSuchEntity."""
        with self._changes.begin() as connection:
            known_account(connection, account)
            set_account_status(connection, account, ACTIVE)
            self._changes.tell(Change(_management(connection), OWN, "ReopenAccount", {"accountId": account}))

    def _made(self, connection: Connection, name: str, account: str, *, management: bool) -> AccountRow:
        if not 0 < len(name) <= _NAME_CHARACTERS or not name.isprintable():
            raise InvalidInput(f"an account's name has 1 to {_NAME_CHARACTERS} printable characters")
        if account:
            require_account_id(account)
        else:
            account = f"{secrets.randbelow(_ACCOUNTS):012}"
        if account_of(connection, account) is not None:
            raise EntityAlreadyExists(f"there is an account {account} already")
        row = AccountRow(account, name, management, ACTIVE, self._changes.clock.now_us())
        add_account(connection, row)
        made = {"state": "SUCCEEDED", "accountId": account, "accountName": name}
        owner = account if management else _management(connection)
        change = Change(owner, ORGANIZATIONS, "CreateAccount", {"accountName": name}, {"createAccountStatus": made})
        self._changes.tell(change)
        return row


def _management(connection: Connection) -> str:
    found = management_account(connection)
    if found is None:
        raise NoSuchEntity("there is no management account yet: opentrail init makes it")
    return found
