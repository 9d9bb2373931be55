"""Trails, their versions, and tags."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of trails."""
    op.create_table(
        "trails",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("arn", sa.String, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trails"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trails_arn", "trails", ["arn"], unique=True, sqlite_where=sa.text("NOT deleted"))
    op.create_index("ix_trails_account", "trails", ["account"])
    op.create_table(
        "trail_versions",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("trail_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("from_position", sa.Integer, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("trail", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_trail_versions"),
        sa.ForeignKeyConstraint(["trail_id"], ["trails.id"], "fk_trail_versions_trails", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trail_versions_trail_id_version", "trail_versions", ["trail_id", "version"], unique=True)
    op.create_table(
        "tags",
        sa.Column("arn", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("value", sa.String),
        sa.PrimaryKeyConstraint("arn", "key", name="pk_tags"),
        sqlite_with_rowid=False,
    )
