"""Whether the KMS keys of event data stores can be used, as it was last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table of answers."""
    op.create_table(
        "store_keys",
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("fault", sa.String),
        sa.PrimaryKeyConstraint("store_id", name="pk_store_keys"),
        sqlite_with_rowid=False,
    )
