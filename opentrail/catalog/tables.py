"""The catalog's tables. Times are microseconds since the epoch, UTC."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

access_keys = Table(
    "access_keys",
    METADATA,
    Column("access_key_id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("principal", LargeBinary, nullable=False),  # JSON of accounts.principal.Principal
    Column("secrets", LargeBinary, nullable=False),  # sealed: secret and session token
    Column("status", String, nullable=False),  # Active | Inactive
    Column("expires_at", Integer),  # null: does not expire
    Column("learned_at", Integer, nullable=False),
    Index("ix_access_keys_expires_at", "expires_at"),
)

imports = Table(
    "imports",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False, unique=True),
    Column("state", String, nullable=False),
    Column("started_at", Integer, nullable=False),
    Column("finished_at", Integer),
    Column("journal_position", Integer, nullable=False),  # what it appended up to here is told in import_files
)

import_files = Table(
    "import_files",
    METADATA,
    Column("import_id", Integer, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("elements", Integer),  # so many are done; null: all of the file
    Column("kept", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("set_aside", Integer, nullable=False),
    sqlite_with_rowid=False,
)

set_aside = Table(
    "set_aside",
    METADATA,
    Column("import_id", Integer, ForeignKey("imports.id", ondelete="CASCADE"), nullable=False),
    Column("key", String, nullable=False),
    Column("record_index", Integer),  # null: a whole file, or its rest
    Column("reason", String, nullable=False),
    Index("ix_set_aside_import_id_key", "import_id", "key"),
)
