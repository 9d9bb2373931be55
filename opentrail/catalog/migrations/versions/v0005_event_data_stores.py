"""Event data stores, their versions, and how far the lake's follower is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables of the lake."""
    op.create_table(
        "event_data_stores",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("through", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_data_stores"),
    )
    op.create_index("ix_event_data_stores_name", "event_data_stores", ["account", "region", "name"], unique=True)
    op.create_table(
        "event_data_store_versions",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("from_position", sa.Integer, nullable=False),
        sa.Column("store", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_event_data_store_versions"),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["event_data_stores.id"],
            name="fk_event_data_store_versions_event_data_stores",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_data_store_versions_store_id", "event_data_store_versions", ["store_id", "number"])
    op.create_table(
        "lake_position",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lake_position"),
    )
