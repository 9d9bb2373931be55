"""Delivery: cuts, files that wait, digests and their chains, signing keys, what trails report of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of delivery."""
    _progress()
    _files()
    _digests()
    _keys()


def _progress() -> None:
    """How far trails are, and what they say of it."""
    op.create_table(
        "delivery_position",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_position"),
    )
    op.create_table(
        "trail_progress",
        sa.Column("trail_id", sa.Integer, nullable=False),
        sa.Column("through", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("trail_id", name="pk_trail_progress"),
        sa.ForeignKeyConstraint(["trail_id"], ["trails.id"], "fk_trail_progress_trails", ondelete="CASCADE"),
    )
    op.create_table(
        "trail_status",
        sa.Column("trail_id", sa.Integer, nullable=False),
        sa.Column("delivered_at", sa.Integer),
        sa.Column("delivery_error", sa.String),
        sa.Column("delivery_attempted_at", sa.Integer),
        sa.Column("notified_at", sa.Integer),
        sa.Column("notification_error", sa.String),
        sa.Column("notification_attempted_at", sa.Integer),
        sa.Column("logs_at", sa.Integer),
        sa.Column("logs_error", sa.String),
        sa.Column("digest_at", sa.Integer),
        sa.Column("digest_error", sa.String),
        sa.PrimaryKeyConstraint("trail_id", name="pk_trail_status"),
        sa.ForeignKeyConstraint(["trail_id"], ["trails.id"], "fk_trail_status_trails", ondelete="CASCADE"),
    )


def _files() -> None:
    """Cut log files."""
    op.create_table(
        "log_files",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("trail_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("period", sa.Integer),
        sa.Column("destination", sa.LargeBinary, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("outbox", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("oldest", sa.Integer, nullable=False),
        sa.Column("newest", sa.Integer, nullable=False),
        sa.Column("first_position", sa.Integer, nullable=False),
        sa.Column("last_position", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("inflated_bytes", sa.Integer, nullable=False),
        sa.Column("stored_bytes", sa.Integer, nullable=False),
        sa.Column("cut_at", sa.Integer, nullable=False),
        sa.Column("delivery", sa.String, nullable=False),
        sa.Column("delivered_at", sa.Integer),
        sa.Column("notification", sa.String, nullable=False),
        sa.Column("logs", sa.String, nullable=False),
        sa.Column("logs_sent", sa.Integer, nullable=False),
        sa.Column("digest_id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_log_files"),
        sa.ForeignKeyConstraint(["trail_id"], ["trails.id"], "fk_log_files_trails", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_log_files_delivery", "log_files", ["delivery", "trail_id"], sqlite_where=sa.text("delivery = 'waiting'")
    )
    op.create_index(
        "ix_log_files_notification",
        "log_files",
        ["notification", "trail_id"],
        sqlite_where=sa.text("notification = 'waiting'"),
    )
    op.create_index("ix_log_files_logs", "log_files", ["logs", "trail_id"], sqlite_where=sa.text("logs = 'waiting'"))
    op.create_index(
        "ix_log_files_digest_id",
        "log_files",
        ["trail_id"],
        sqlite_where=sa.text("digest_id IS NULL AND period IS NOT NULL"),
    )


def _digests() -> None:
    """Digests and their chains."""
    op.create_table(
        "digest_chains",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("trail_id", sa.Integer, nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("covered_through", sa.Integer, nullable=False),
        sa.Column("last_digest_id", sa.Integer),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_digest_chains"),
        sa.ForeignKeyConstraint(["trail_id"], ["trails.id"], "fk_digest_chains_trails", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_digest_chains_trail_id_period", "digest_chains", ["trail_id", "period", "account", "region"], unique=True
    )
    op.create_table(
        "digests",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("trail_id", sa.Integer, nullable=False),
        sa.Column("chain_id", sa.Integer, nullable=False),
        sa.Column("destination", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("outbox", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("signature", sa.String, nullable=False),
        sa.Column("backfilled_at", sa.Integer),
        sa.Column("made_at", sa.Integer, nullable=False),
        sa.Column("stored_bytes", sa.Integer, nullable=False),
        sa.Column("delivery", sa.String, nullable=False),
        sa.Column("delivered_at", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        sa.ForeignKeyConstraint(["trail_id"], ["trails.id"], "fk_digests_trails", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["chain_id"], ["digest_chains.id"], "fk_digests_digest_chains", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_digests_delivery", "digests", ["delivery", "trail_id"], sqlite_where=sa.text("delivery = 'waiting'")
    )
    op.create_index("ix_digests_key", "digests", ["key"])


def _keys() -> None:
    """Keys that sign digests."""
    op.create_table(
        "signing_keys",
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("private_key", sa.LargeBinary, nullable=False),
        sa.Column("valid_from", sa.Integer, nullable=False),
        sa.Column("valid_to", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_signing_keys"),
    )
    op.create_index("ix_signing_keys_region", "signing_keys", ["region"])
