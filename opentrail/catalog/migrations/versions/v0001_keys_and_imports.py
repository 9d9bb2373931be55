"""Access keys, and what imports have done."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "access_keys",
        sa.Column("access_key_id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("principal", sa.LargeBinary, nullable=False),
        sa.Column("secrets", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("expires_at", sa.Integer),
        sa.Column("learned_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("access_key_id", name="pk_access_keys"),
    )
    op.create_index("ix_access_keys_expires_at", "access_keys", ["expires_at"])
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("started_at", sa.Integer, nullable=False),
        sa.Column("finished_at", sa.Integer),
        sa.Column("journal_position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sa.UniqueConstraint("source", name="uq_imports_source"),
    )
    op.create_table(
        "import_files",
        sa.Column("import_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("elements", sa.Integer),
        sa.Column("kept", sa.Integer, nullable=False),
        sa.Column("duplicates", sa.Integer, nullable=False),
        sa.Column("set_aside", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "key", name="pk_import_files"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], "fk_import_files_imports", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "set_aside",
        sa.Column("import_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("record_index", sa.Integer),
        sa.Column("reason", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], "fk_set_aside_imports", ondelete="CASCADE"),
    )
    op.create_index("ix_set_aside_import_id_key", "set_aside", ["import_id", "key"])
