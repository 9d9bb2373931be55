"""Accounts, users and roles of our own with their policies; which access keys are theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the tables of principals; keys that are there already were learned."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("management", sa.Boolean, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "principals",
        sa.Column("account", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("principal_id", sa.String, nullable=False),
        sa.Column("trust_policy", sa.String),
        sa.Column("session_seconds", sa.Integer),
        sa.Column("boundary", sa.String),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "name", name="pk_principals"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_principals_accounts"),
        sqlite_with_rowid=False,
    )
    _add_policies()
    with op.batch_alter_table("access_keys") as table:
        table.add_column(sa.Column("managed", sa.Boolean, nullable=False, server_default="0"))


def _add_policies() -> None:
    op.create_table(
        "policies",
        sa.Column("arn", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("policy_id", sa.String, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("arn", name="pk_policies"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_policies_accounts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_policies_account", "policies", ["account"])
    op.create_table(
        "policy_attachments",
        sa.Column("account", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("policy_arn", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "name", "policy_arn", name="pk_policy_attachments"),
        sa.ForeignKeyConstraint(
            ["account", "kind", "name"],
            ["principals.account", "principals.kind", "principals.name"],
            name="fk_policy_attachments_principals",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_policy_attachments_policy_arn", "policy_attachments", ["policy_arn"])
