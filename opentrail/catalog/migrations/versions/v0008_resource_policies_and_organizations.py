"""Policies of resources; the organization and its delegated administrators; whose buckets are, and what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add their tables."""
    op.create_table(
        "resource_policies",
        sa.Column("arn", sa.String, nullable=False),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("updated_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("arn", name="pk_resource_policies"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "organization",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("told", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_organization"),
    )
    op.create_table(
        "delegated_admins",
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("registered_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account", name="pk_delegated_admins"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bucket_owners",
        sa.Column("bucket", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_bucket_owners"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "upstream_changes",
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_upstream_changes"),
        sqlite_with_rowid=False,
    )
