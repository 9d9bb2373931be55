"""What protects the buckets of trails, as they were last looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table of buckets."""
    op.create_table(
        "bucket_protection",
        sa.Column("account", sa.String, nullable=False),
        sa.Column("bucket", sa.String, nullable=False),
        sa.Column("looked_at", sa.Integer, nullable=False),
        sa.Column("versioning", sa.Integer, nullable=False),
        sa.Column("mfa_delete", sa.Integer, nullable=False),
        sa.Column("object_lock", sa.String),
        sa.Column("fault", sa.String),
        sa.PrimaryKeyConstraint("account", "bucket", name="pk_bucket_protection"),
        sqlite_with_rowid=False,
    )
