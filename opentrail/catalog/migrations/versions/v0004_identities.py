"""Whom access keys belong to, so that they stop with their user or role; and the users and roles themselves."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the owners of keys and the table of identities; keys that are there already get their owner."""
    with op.batch_alter_table("access_keys") as table:
        table.add_column(sa.Column("owner_kind", sa.String, nullable=False, server_default=""))
        table.add_column(sa.Column("owner_name", sa.String, nullable=False, server_default=""))
        table.create_index("ix_access_keys_account_owner", ["account", "owner_kind", "owner_name"])
    connection = op.get_bind()
    keys = connection.execute(sa.text("SELECT access_key_id, principal FROM access_keys")).all()
    for access_key_id, principal in keys:
        kind, name = _owner(json.loads(principal))
        connection.execute(
            sa.text("UPDATE access_keys SET owner_kind = :kind, owner_name = :name WHERE access_key_id = :id"),
            {"kind": kind, "name": name, "id": access_key_id},
        )
    op.create_table(
        "identities",
        sa.Column("account", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("identity_id", sa.String, nullable=False),
        sa.Column("arn", sa.String, nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("seen_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "name", name="pk_identities"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identities_kind_name", "identities", ["kind", "name"])
    op.create_index("ix_identities_kind_seen_at", "identities", ["kind", "seen_at"])


def _owner(principal: dict[str, object]) -> tuple[str, str]:
    session = principal.get("session")
    issuer = session.get("issuer") if isinstance(session, dict) else None
    of = issuer if isinstance(issuer, dict) else principal
    kind = {"IAMUser": "user", "Role": "role"}.get(str(of.get("type")), "")
    return kind, str(of.get("user_name") or "") if kind else ""
