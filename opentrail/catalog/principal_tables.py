"""The catalog's tables of accounts, their users and roles, and the policies of these."""

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Integer, String, Table

from opentrail.catalog.tables import METADATA

accounts = Table(
    "accounts",
    METADATA,
    Column("id", String, primary_key=True),  # 12 digits
    Column("name", String, nullable=False),
    Column("management", Boolean, nullable=False),  # made by `opentrail init`: the home account
    Column("status", String, nullable=False),  # ACTIVE | SUSPENDED: none of its keys is good
    Column("created_at", Integer, nullable=False),
)

principals = Table(
    "principals",
    METADATA,
    Column("account", String, primary_key=True),
    Column("kind", String, primary_key=True),  # user | role
    Column("name", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("principal_id", String, nullable=False),  # AIDA..., AROA...
    Column("trust_policy", String),  # of roles
    Column("session_seconds", Integer),  # of roles: the longest session
    Column("boundary", String),  # ARN of a policy
    Column("created_at", Integer, nullable=False),
    ForeignKeyConstraint(["account"], ["accounts.id"]),
    sqlite_with_rowid=False,
)

policies = Table(
    "policies",
    METADATA,
    Column("arn", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("name", String, nullable=False),
    Column("policy_id", String, nullable=False),  # ANPA...
    Column("document", String, nullable=False),  # as it was written
    Column("created_at", Integer, nullable=False),
    Column("updated_at", Integer, nullable=False),
    ForeignKeyConstraint(["account"], ["accounts.id"]),
    Index("ix_policies_account", "account"),
    sqlite_with_rowid=False,
)

policy_attachments = Table(
    "policy_attachments",
    METADATA,
    Column("account", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("policy_arn", String, primary_key=True),  # also of AWS's own policies, which are no rows
    ForeignKeyConstraint(
        ["account", "kind", "name"],
        ["principals.account", "principals.kind", "principals.name"],
        ondelete="CASCADE",
    ),
    Index("ix_policy_attachments_policy_arn", "policy_arn"),
    sqlite_with_rowid=False,
)
