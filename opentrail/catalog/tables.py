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
    Column("owner_kind", String, nullable=False, server_default=""),  # user | role; empty: stops with nobody
    Column("owner_name", String, nullable=False, server_default=""),
    Column("managed", Boolean, nullable=False, server_default="0"),  # of our own principals: no traffic changes it
    Index("ix_access_keys_expires_at", "expires_at"),
    Index("ix_access_keys_account_owner", "account", "owner_kind", "owner_name"),
)

identities = Table(
    "identities",
    METADATA,
    Column("account", String, primary_key=True),
    Column("kind", String, primary_key=True),  # user | role | identity-pool | pool-identity
    Column("name", String, primary_key=True),
    Column("identity_id", String, nullable=False),  # AIDA..., AROA...
    Column("arn", String, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # JSON object of texts: what else is known, by kind
    Column("seen_at", Integer, nullable=False),
    Index("ix_identities_kind_name", "kind", "name"),
    Index("ix_identities_kind_seen_at", "kind", "seen_at"),
    sqlite_with_rowid=False,
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

event_data_stores = Table(
    "event_data_stores",
    METADATA,
    Column("id", String, primary_key=True),  # a UUID; names its table
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("name", String, nullable=False),
    Column("through", Integer, nullable=False),  # what it selects up to this position is in its table
    Index("ix_event_data_stores_name", "account", "region", "name", unique=True),
)

event_data_store_versions = Table(
    "event_data_store_versions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # never used again: tells that something changed
    Column("store_id", String, ForeignKey("event_data_stores.id", ondelete="CASCADE"), nullable=False),
    Column("from_position", Integer, nullable=False),  # judges events at greater positions of the journal
    Column("store", LargeBinary, nullable=False),  # JSON of catalog.event_data_stores.EventDataStore
    Index("ix_event_data_store_versions_store_id", "store_id", "number"),
    sqlite_autoincrement=True,
)

lake_position = Table(
    "lake_position",
    METADATA,
    Column("id", Integer, primary_key=True),  # one row, 1
    Column("position", Integer, nullable=False),  # no store needs the journal up to here any more
)

# Channels, by which audit events of applications come; and imports of log files into event data stores.

channels = Table(
    "channels",
    METADATA,
    Column("id", String, primary_key=True),  # a UUID
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),
    Column("deleted", Boolean, nullable=False),  # name and source are free; the row stays while its events are read
    Index("ix_channels_name", "account", "region", "name", unique=True, sqlite_where=text("NOT deleted")),
    Index("ix_channels_source", "account", "region", "source", unique=True, sqlite_where=text("NOT deleted")),
)

channel_versions = Table(
    "channel_versions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # never used again: tells that something changed
    Column("channel_id", String, ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("from_position", Integer, nullable=False),  # holds for events at greater positions of the journal
    Column("channel", LargeBinary, nullable=False),  # JSON of catalog.channels.Channel
    Index("ix_channel_versions_channel_id", "channel_id", "number"),
    sqlite_autoincrement=True,
)

channel_status = Table(
    "channel_status",
    METADATA,
    Column("channel_id", String, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("status", LargeBinary, nullable=False),  # JSON of catalog.channels.ChannelStatus
)

lake_imports = Table(
    "lake_imports",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order in which they were started
    Column("id", String, nullable=False),  # a UUID
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("store_id", String, nullable=False),
    Column("status", String, nullable=False),  # INITIALIZING | IN_PROGRESS | COMPLETED | FAILED | STOPPED
    Column("updated_at", Integer, nullable=False),
    Column("journal_position", Integer, nullable=False),  # what it appended up to here is told in its prefixes
    Column("request", LargeBinary, nullable=False),  # JSON of catalog.lake_imports.ImportRequest
    Index("ix_lake_imports_id", "id", unique=True),
    Index("ix_lake_imports_account", "account", "region"),
    sqlite_autoincrement=True,
)

lake_import_prefixes = Table(
    "lake_import_prefixes",
    METADATA,
    Column("import_id", String, ForeignKey("lake_imports.id", ondelete="CASCADE"), primary_key=True),
    Column("prefix", String, primary_key=True),
    Column("done", Boolean, nullable=False),
    Column("last_key", String, nullable=False),  # every file up to here is done to its end, or has failed
    Column("part_key", String, nullable=False),  # the file that is being read; empty: none
    Column("part_elements", Integer, nullable=False),  # so many of its elements are done
    Column("files", Integer, nullable=False),  # done to their end
    Column("events", Integer, nullable=False),  # durable in the journal
    sqlite_with_rowid=False,
)

lake_import_failures = Table(
    "lake_import_failures",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("import_id", String, ForeignKey("lake_imports.id", ondelete="CASCADE"), nullable=False),
    Column("key", String, nullable=False),
    Column("status", String, nullable=False),  # FAILED | RETRY | SUCCEEDED
    Column("error_type", String, nullable=False),
    Column("message", String, nullable=False),
    Column("updated_at", Integer, nullable=False),
    Column("elements", Integer, nullable=False),  # so many of the file were read before it failed
    Column("missing", LargeBinary, nullable=False),  # JSON list: those among them that could not be taken
    Column("events", Integer, nullable=False),  # that retries have brought
    Index("ix_lake_import_failures_key", "import_id", "key", unique=True),
)

# Delivery: what is cut, what waits in the outbox, what was signed. States: none | waiting | done | abandoned.

delivery_position = Table(
    "delivery_position",
    METADATA,
    Column("id", Integer, primary_key=True),  # one row, 1
    Column("position", Integer, nullable=False),  # no trail needs the journal up to here any more
)

trail_progress = Table(
    "trail_progress",
    METADATA,
    Column("trail_id", Integer, ForeignKey("trails.id", ondelete="CASCADE"), primary_key=True),
    Column("through", Integer, nullable=False),  # what the trail selects up to here is in committed cuts
)

trail_status = Table(
    "trail_status",
    METADATA,
    Column("trail_id", Integer, ForeignKey("trails.id", ondelete="CASCADE"), primary_key=True),
    Column("delivered_at", Integer),
    Column("delivery_error", String),
    Column("delivery_attempted_at", Integer),
    Column("notified_at", Integer),
    Column("notification_error", String),
    Column("notification_attempted_at", Integer),
    Column("logs_at", Integer),
    Column("logs_error", String),
    Column("digest_at", Integer),
    Column("digest_error", String),
)

log_files = Table(
    "log_files",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("trail_id", Integer, ForeignKey("trails.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),  # of the trail, whose selectors chose the events
    Column("period", Integer),  # the version that began the stretch of validated logging; null: not validated
    Column("destination", LargeBinary, nullable=False),  # JSON of catalog.destination.Destination
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("key", String, nullable=False),
    Column("outbox", String, nullable=False),  # the file's name there
    Column("sha256", String, nullable=False),  # of the inflated bytes
    Column("oldest", Integer, nullable=False),
    Column("newest", Integer, nullable=False),
    Column("first_position", Integer, nullable=False),
    Column("last_position", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("inflated_bytes", Integer, nullable=False),
    Column("stored_bytes", Integer, nullable=False),
    Column("cut_at", Integer, nullable=False),
    Column("delivery", String, nullable=False),
    Column("delivered_at", Integer),
    Column("notification", String, nullable=False),
    Column("logs", String, nullable=False),
    Column("logs_sent", Integer, nullable=False),  # events of the file, in order of time, that the log group has
    Column("digest_id", Integer),  # of digests; null: in none yet
    Index("ix_log_files_delivery", "delivery", "trail_id", sqlite_where=text("delivery = 'waiting'")),
    Index("ix_log_files_notification", "notification", "trail_id", sqlite_where=text("notification = 'waiting'")),
    Index("ix_log_files_logs", "logs", "trail_id", sqlite_where=text("logs = 'waiting'")),
    Index("ix_log_files_digest_id", "trail_id", sqlite_where=text("digest_id IS NULL AND period IS NOT NULL")),
    sqlite_autoincrement=True,
)

digest_chains = Table(
    "digest_chains",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("trail_id", Integer, ForeignKey("trails.id", ondelete="CASCADE"), nullable=False),
    Column("period", Integer, nullable=False),  # as in log_files; 0: the chain of backfill digests
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("covered_through", Integer, nullable=False),  # whole seconds: where its next digest starts
    Column("last_digest_id", Integer),
    Column("closed", Boolean, nullable=False),
    Index("ix_digest_chains_trail_id_period", "trail_id", "period", "account", "region", unique=True),
    sqlite_autoincrement=True,
)

digests = Table(
    "digests",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("trail_id", Integer, ForeignKey("trails.id", ondelete="CASCADE"), nullable=False),
    Column("chain_id", Integer, ForeignKey("digest_chains.id", ondelete="CASCADE"), nullable=False),
    Column("destination", LargeBinary, nullable=False),
    Column("key", String, nullable=False),
    Column("outbox", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("signature", String, nullable=False),  # lower-case hex
    Column("backfilled_at", Integer),  # of backfill digests: when it was made
    Column("made_at", Integer, nullable=False),
    Column("stored_bytes", Integer, nullable=False),
    Column("delivery", String, nullable=False),
    Column("delivered_at", Integer),
    Index("ix_digests_delivery", "delivery", "trail_id", sqlite_where=text("delivery = 'waiting'")),
    Index("ix_digests_key", "key"),
    sqlite_autoincrement=True,
)

signing_keys = Table(
    "signing_keys",
    METADATA,
    Column("fingerprint", String, primary_key=True),
    Column("region", String, nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # PKCS #1 DER
    Column("private_key", LargeBinary, nullable=False),  # PKCS #8 DER, sealed
    Column("valid_from", Integer, nullable=False),
    Column("valid_to", Integer, nullable=False),
    Index("ix_signing_keys_region", "region"),
)

queries = Table(
    "queries",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # orders queries of the same microsecond
    Column("id", String, nullable=False),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("statement", String, nullable=False),
    Column("status", String, nullable=False),
    Column("error", String),
    Column("created_at", Integer, nullable=False),
    Column("finished_at", Integer),
    Column("execution_ms", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("events_matched", Integer, nullable=False),
    Column("events_scanned", Integer, nullable=False),
    Column("bytes_scanned", Integer, nullable=False),
    Column("delivery_uri", String),  # null: results are not delivered
    Column("delivery_status", String),
    Index("ix_queries_id", "id", unique=True),
    Index("ix_queries_created_at", "created_at"),
    Index("ix_queries_status", "status", sqlite_where=text("status IN ('QUEUED', 'RUNNING')")),
    Index("ix_queries_delivery_status", "delivery_status", sqlite_where=text("delivery_status = 'PENDING'")),
    sqlite_autoincrement=True,
)

query_stores = Table(
    "query_stores",
    METADATA,
    Column("store_id", String, primary_key=True),
    Column("query_number", Integer, ForeignKey("queries.number", ondelete="CASCADE"), primary_key=True),
    Index("ix_query_stores_query_number", "query_number"),
    sqlite_with_rowid=False,
)

bucket_protection = Table(
    "bucket_protection",
    METADATA,
    Column("account", String, primary_key=True),
    Column("bucket", String, primary_key=True),
    Column("looked_at", Integer, nullable=False),
    Column("versioning", Integer, nullable=False),
    Column("mfa_delete", Integer, nullable=False),
    Column("object_lock", String),
    Column("fault", String),
    sqlite_with_rowid=False,
)

store_keys = Table(
    "store_keys",
    METADATA,
    Column("store_id", String, primary_key=True),  # of an event data store with a KMS key that was asked about
    Column("fault", String),  # why CloudTrail cannot use the key; none where it can
    sqlite_with_rowid=False,
)
