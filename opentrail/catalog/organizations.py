"""The organization that this server's accounts belong to, and who manages CloudTrail in it besides its manager.

`organization` has one row: what the settings or the upstream's Organizations API said last, so that every process
knows it and a restart needs nobody to ask. `delegated_admins` are those that the organization's manager registered.
"""

import msgspec
from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.access_tables import delegated_admins, organization
from opentrail.catalog.database import READING
from opentrail.errors import ClientError

_THE_ONE = 1


class StoredOrganization(msgspec.Struct, frozen=True, omit_defaults=True):
    """An organization as it was told; `members` beside the management account."""

    id: str  # o-...
    management_account: str
    members: tuple[str, ...] = ()
    all_features: bool = True  # False: consolidated billing alone
    trusts_cloudtrail: bool = True  # trusted access for cloudtrail.amazonaws.com is on


class AlreadyRegistered(ClientError):
    """This account is a delegated administrator already."""

    code = "AccountRegisteredException"


class TooManyRegistered(ClientError):
    """An organization can have three delegated administrators for CloudTrail."""

    code = "DelegatedAdminAccountLimitExceededException"


class OrganizationRows:
    """What the catalog knows of the organization. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self) -> tuple[StoredOrganization, tuple[str, ...]] | None:
        """The organization and its delegated administrators in order of registration; None where there is none."""
        with self._engine.connect().execution_options(**READING) as connection:
            told = connection.execute(select(organization.c.told)).scalar_one_or_none()
            if told is None:
                return None
            known = msgspec.json.decode(told, type=StoredOrganization)
            of = delegated_admins.c.organization_id == known.id
            order = (delegated_admins.c.registered_at, delegated_admins.c.account)
            admins = connection.execute(select(delegated_admins.c.account).where(of).order_by(*order)).scalars()
            return known, tuple(admins)

    def take(self, told: StoredOrganization | None) -> None:
        """The organization is this from now on; None: there is none. Durable on return.

        An account that has left is no delegated administrator any more, also when it comes back.
        """
        with self._engine.begin() as connection:
            if told is None:
                connection.execute(delete(organization))
                return
            row = insert(organization).values(number=_THE_ONE, told=msgspec.json.encode(told))
            connection.execute(row.on_conflict_do_update(index_elements=["number"], set_={"told": row.excluded.told}))
            left = delegated_admins.c.account.not_in(told.members)
            connection.execute(delete(delegated_admins).where(delegated_admins.c.organization_id == told.id, left))

    def register(self, organization_id: str, account: str, at_us: int, most: int) -> None:
        """Make an account a delegated administrator, durable on return. Raises AlreadyRegistered, TooManyRegistered."""
        with self._engine.begin() as connection:
            if _is_registered(connection, organization_id, account):
                raise AlreadyRegistered(f"Account {account} is a delegated administrator already.")
            of = delegated_admins.c.organization_id == organization_id
            count = connection.execute(select(func.count()).select_from(delegated_admins).where(of)).scalar_one()
            if count >= most:
                raise TooManyRegistered(f"The organization has {most} delegated administrators already.")
            connection.execute(
                insert(delegated_admins).values(organization_id=organization_id, account=account, registered_at=at_us)
            )

    def deregister(self, organization_id: str, account: str) -> bool:
        """Take it back, durable on return; False where the account was none."""
        one = (delegated_admins.c.organization_id == organization_id, delegated_admins.c.account == account)
        with self._engine.begin() as connection:
            return connection.execute(delete(delegated_admins).where(*one)).rowcount > 0


def _is_registered(connection: Connection, organization_id: str, account: str) -> bool:
    question = select(delegated_admins.c.account).where(
        delegated_admins.c.organization_id == organization_id, delegated_admins.c.account == account
    )
    return connection.execute(question).one_or_none() is not None
