"""Channels and their versions; imports of log files into event data stores."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables of channels and of imports."""
    _add_channels()
    _add_imports()


def _add_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
    )
    op.create_index(
        "ix_channels_name", "channels", ["account", "region", "name"], unique=True, sqlite_where=sa.text("NOT deleted")
    )
    op.create_index(
        "ix_channels_source",
        "channels",
        ["account", "region", "source"],
        unique=True,
        sqlite_where=sa.text("NOT deleted"),
    )
    op.create_table(
        "channel_versions",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.String, nullable=False),
        sa.Column("from_position", sa.Integer, nullable=False),
        sa.Column("channel", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_channel_versions"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_channel_versions_channels", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_channel_versions_channel_id", "channel_versions", ["channel_id", "number"])
    op.create_table(
        "channel_status",
        sa.Column("channel_id", sa.String, nullable=False),
        sa.Column("status", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_channel_status"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_channel_status_channels", ondelete="CASCADE"),
    )


def _add_imports() -> None:
    op.create_table(
        "lake_imports",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("updated_at", sa.Integer, nullable=False),
        sa.Column("journal_position", sa.Integer, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_lake_imports"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_imports_id", "lake_imports", ["id"], unique=True)
    op.create_index("ix_lake_imports_account", "lake_imports", ["account", "region"])
    op.create_table(
        "lake_import_prefixes",
        sa.Column("import_id", sa.String, nullable=False),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("last_key", sa.String, nullable=False),
        sa.Column("part_key", sa.String, nullable=False),
        sa.Column("part_elements", sa.Integer, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "prefix", name="pk_lake_import_prefixes"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["lake_imports.id"], name="fk_lake_import_prefixes_lake_imports", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lake_import_failures",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("import_id", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("error_type", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("updated_at", sa.Integer, nullable=False),
        sa.Column("elements", sa.Integer, nullable=False),
        sa.Column("missing", sa.LargeBinary, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_lake_import_failures"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["lake_imports.id"], name="fk_lake_import_failures_lake_imports", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_lake_import_failures_key", "lake_import_failures", ["import_id", "key"], unique=True)
