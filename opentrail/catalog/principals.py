"""Accounts, users, roles and policies of our own, as rows; each function is a part of a transaction of its caller."""

from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_unless

from opentrail.catalog.principal_tables import accounts, policies, policy_attachments, principals

ACTIVE = "ACTIVE"
SUSPENDED = "SUSPENDED"

Kind = Literal["user", "role"]


class AccountRow(msgspec.Struct, frozen=True):
    """One account. `management`: the one that `opentrail init` made. Times in microseconds since the epoch."""

    id: str
    name: str
    management: bool
    status: str
    created_at: int


class PrincipalRow(msgspec.Struct, frozen=True):
    """A user or role. `path` begins and ends with a slash; `boundary` is a policy's ARN."""

    account: str
    kind: Kind
    name: str
    path: str
    principal_id: str
    trust_policy: str | None = None
    session_seconds: int | None = None
    boundary: str | None = None
    created_at: int = 0

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"


class PolicyRow(msgspec.Struct, frozen=True):
    """A policy of an account; `document` as it was written."""

    arn: str
    account: str
    name: str
    policy_id: str
    document: str
    created_at: int
    updated_at: int


def all_accounts(connection: Connection) -> list[AccountRow]:
    """All accounts, the management account first."""
    question = select(*accounts.c).order_by(accounts.c.management.desc(), accounts.c.id)
    return [_account(row) for row in connection.execute(question)]


def account_of(connection: Connection, account: str) -> AccountRow | None:
    """One account."""
    row = connection.execute(select(*accounts.c).where(accounts.c.id == account)).one_or_none()
    return _account(row) if row is not None else None


def management_account(connection: Connection) -> str | None:
    """The account that `opentrail init` made; None where nobody did."""
    return connection.execute(select(accounts.c.id).where(accounts.c.management)).scalar_one_or_none()


def add_account(connection: Connection, row: AccountRow) -> None:
    """Keep a new account."""
    connection.execute(insert(accounts).values(**msgspec.structs.asdict(row)))


def set_account_status(connection: Connection, account: str, status: str) -> None:
    """ACTIVE, or SUSPENDED."""
    connection.execute(update(accounts).where(accounts.c.id == account).values(status=status))


def principals_of(connection: Connection, account: str, kind: Kind) -> list[PrincipalRow]:
    """The users or roles of an account, by name."""
    question = _principals().where(principals.c.account == account, principals.c.kind == kind)
    return [_principal(row) for row in connection.execute(question.order_by(principals.c.name))]


def find_principal(connection: Connection, account: str, kind: Kind, name: str) -> PrincipalRow | None:
    """One user or role."""
    row = connection.execute(_principals().where(_one(account, kind, name))).one_or_none()
    return _principal(row) if row is not None else None


def add_principal(connection: Connection, row: PrincipalRow) -> None:
    """Keep a new user or role."""
    connection.execute(insert(principals).values(**msgspec.structs.asdict(row)))


def change_principal(connection: Connection, account: str, kind: Kind, name: str, **values: str | int | None) -> None:
    """Set columns of a user or role."""
    connection.execute(update(principals).where(_one(account, kind, name)).values(**values))


def remove_principal(connection: Connection, account: str, kind: Kind, name: str) -> None:
    """Take a user or role away, its attachments with it."""
    connection.execute(delete(principals).where(_one(account, kind, name)))


def policies_of(connection: Connection, account: str) -> list[PolicyRow]:
    """The policies of an account, by name."""
    question = select(*policies.c).where(policies.c.account == account).order_by(policies.c.name)
    return [PolicyRow(*row) for row in connection.execute(question)]


def find_policy(connection: Connection, arn: str) -> PolicyRow | None:
    """One policy."""
    row = connection.execute(select(*policies.c).where(policies.c.arn == arn)).one_or_none()
    return PolicyRow(*row) if row is not None else None


def put_policy(connection: Connection, row: PolicyRow) -> None:
    """Keep a policy, or its new document."""
    new = insert_unless(policies).values(**msgspec.structs.asdict(row))
    changed = {name: new.excluded[name] for name in ("document", "updated_at")}
    connection.execute(new.on_conflict_do_update(index_elements=["arn"], set_=changed))


def remove_policy(connection: Connection, arn: str) -> None:
    """Take a policy away."""
    connection.execute(delete(policies).where(policies.c.arn == arn))


def uses_of(connection: Connection, arn: str) -> list[str]:
    """Who has a policy attached or for a boundary, as `user/NAME` or `role/NAME`."""
    named = select(policy_attachments.c.kind, policy_attachments.c.name).where(policy_attachments.c.policy_arn == arn)
    bounded = select(principals.c.kind, principals.c.name).where(principals.c.boundary == arn)
    found = [*connection.execute(named), *connection.execute(bounded)]
    return sorted({f"{kind}/{name}" for kind, name in found})


def attached_to(connection: Connection, account: str, kind: Kind, name: str) -> list[str]:
    """The ARNs of the policies that are attached to a user or role."""
    columns = policy_attachments.c
    question = select(columns.policy_arn).where(columns.account == account, columns.kind == kind, columns.name == name)
    return list(connection.execute(question.order_by(columns.policy_arn)).scalars())


def attach(connection: Connection, account: str, kind: Kind, name: str, arn: str) -> None:
    """Attach a policy, if it is not."""
    row = insert_unless(policy_attachments).values(account=account, kind=kind, name=name, policy_arn=arn)
    connection.execute(row.on_conflict_do_nothing())


def detach(connection: Connection, account: str, kind: Kind, name: str, arn: str) -> bool:
    """Take a policy off; False where it was not attached."""
    columns = policy_attachments.c
    one = and_(columns.account == account, columns.kind == kind, columns.name == name, columns.policy_arn == arn)
    return connection.execute(delete(policy_attachments).where(one)).rowcount > 0


def _principals() -> "Select[Any]":
    return select(*(principals.c[name] for name in PrincipalRow.__struct_fields__))


def _one(account: str, kind: Kind, name: str) -> ColumnElement[bool]:
    return and_(principals.c.account == account, principals.c.kind == kind, principals.c.name == name)


def _principal(row: Any) -> PrincipalRow:
    return PrincipalRow(*row)


def _account(row: Any) -> AccountRow:
    return AccountRow(*row)
