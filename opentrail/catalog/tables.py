"""The catalog's tables. Times are microseconds since the epoch, UTC."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, text

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

trails = Table(
    "trails",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),  # its home
    Column("name", String, nullable=False),
    Column("arn", String, nullable=False),
    Column("deleted", Boolean, nullable=False),  # the name is free; the row stays until delivery has closed the trail
    Index("ix_trails_arn", "arn", unique=True, sqlite_where=text("NOT deleted")),
    Index("ix_trails_account", "account"),
    sqlite_autoincrement=True,
)

trail_versions = Table(
    "trail_versions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # never used again: tells that something changed
    Column("trail_id", Integer, ForeignKey("trails.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("from_position", Integer, nullable=False),  # judges events at greater positions of the journal
    Column("deleted", Boolean, nullable=False),
    Column("trail", LargeBinary, nullable=False),  # JSON of catalog.trails.Trail
    Index("ix_trail_versions_trail_id_version", "trail_id", "version", unique=True),
    sqlite_autoincrement=True,
)

tags = Table(
    "tags",
    METADATA,
    Column("arn", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String),  # null: a tag without a value
    sqlite_with_rowid=False,
)
