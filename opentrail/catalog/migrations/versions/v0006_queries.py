"""Queries over event data stores, and which stores each of them asks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables of queries."""
    op.create_table(
        "queries",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("statement", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("error", sa.String),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("finished_at", sa.Integer),
        sa.Column("execution_ms", sa.Integer, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("events_matched", sa.Integer, nullable=False),
        sa.Column("events_scanned", sa.Integer, nullable=False),
        sa.Column("bytes_scanned", sa.Integer, nullable=False),
        sa.Column("delivery_uri", sa.String),
        sa.Column("delivery_status", sa.String),
        sa.PrimaryKeyConstraint("number", name="pk_queries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_queries_id", "queries", ["id"], unique=True)
    op.create_index("ix_queries_created_at", "queries", ["created_at"])
    under_way, pending = sa.text("status IN ('QUEUED', 'RUNNING')"), sa.text("delivery_status = 'PENDING'")
    op.create_index("ix_queries_status", "queries", ["status"], sqlite_where=under_way)
    op.create_index("ix_queries_delivery_status", "queries", ["delivery_status"], sqlite_where=pending)
    op.create_table(
        "query_stores",
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("query_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "query_number", name="pk_query_stores"),
        sa.ForeignKeyConstraint(["query_number"], ["queries.number"], "fk_query_stores_queries", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_query_stores_query_number", "query_stores", ["query_number"])
