"""OpenTrail's own metrics and log: one registry, one way to log, every drop counted by reason."""

import logging
import sys
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

RECORDS_IN = Counter("opentrail_records_in", "Records offered to intake", ["origin"], registry=REGISTRY)
RECORDS_KEPT = Counter("opentrail_records_kept", "Records durable in the journal", ["origin"], registry=REGISTRY)
RECORDS_REFUSED = Counter(
    "opentrail_records_refused", "Records not kept, by reason", ["origin", "reason"], registry=REGISTRY
)
RECORDS_WAITING = Gauge(
    "opentrail_records_waiting", "Records held in memory because the journal cannot write", registry=REGISTRY
)
OUTCOMES_UNKNOWN = Counter(
    "opentrail_outcomes_unknown", "Calls that a crash had cut off, made events", registry=REGISTRY
)
CLIENT_CALLS_LOST = Counter(
    "opentrail_client_calls_lost", "Calls that programs say they could not report", registry=REGISTRY
)
JOURNAL_APPENDS = Counter("opentrail_journal_appends", "Submissions made durable", registry=REGISTRY)
JOURNAL_COMMITS = Counter(
    "opentrail_journal_commits", "Transactions that made them so, one fsync each", registry=REGISTRY
)
JOURNAL_WRITABLE = Gauge("opentrail_journal_writable", "1 while the journal can write, else 0", registry=REGISTRY)
JOURNAL_HEAD = Gauge("opentrail_journal_head", "Position of the newest durable event", registry=REGISTRY)
FOLLOWER_POSITION = Gauge(
    "opentrail_follower_position", "Position that a follower has handled", ["follower"], registry=REGISTRY
)
FOLLOWER_LAG = Gauge("opentrail_follower_lag_events", "Events a follower is behind", ["follower"], registry=REGISTRY)
HISTORY_TAIL = Gauge("opentrail_history_tail_events", "Newest events held in memory for look-ups", registry=REGISTRY)
HISTORY_SEGMENTS = Gauge("opentrail_history_segments", "Files of the event table", registry=REGISTRY)
FOLLOWER_FAILURES = Counter(
    "opentrail_follower_failures", "Batches that a follower failed to handle", ["follower"], registry=REGISTRY
)
CALLS = Counter("opentrail_calls", "Calls answered, by door and status class", ["door", "status"], registry=REGISTRY)
CLIENT_CONNECTIONS = Gauge("opentrail_client_connections", "Open connections of clients", registry=REGISTRY)
TLS_EXPIRES = Gauge(
    "opentrail_tls_certificate_expires_timestamp_seconds", "When the served certificate ends", registry=REGISTRY
)
CALLS_REFUSED = Counter("opentrail_calls_refused", "Calls refused before they act", ["reason"], registry=REGISTRY)
CALL_SECONDS = Histogram(
    "opentrail_call_seconds",
    "Time from the first byte of a call to the last byte of its answer",
    ["door"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60),
    registry=REGISTRY,
)
BODIES_NOT_CAPTURED = Counter(
    "opentrail_bodies_not_captured",
    "Bodies longer than what is read for the record: its parameters are null",
    ["direction"],
    registry=REGISTRY,
)
CALLS_UNREADABLE = Counter(
    "opentrail_calls_unreadable", "Recorded calls whose parameters could not be read", ["service"], registry=REGISTRY
)
TRAIL_OUTBOX_FILES = Gauge("opentrail_trail_outbox_files", "Files that wait to be delivered", registry=REGISTRY)
TRAIL_OUTBOX_BYTES = Gauge("opentrail_trail_outbox_bytes", "Their bytes", registry=REGISTRY)
TRAIL_OLDEST_WAITING = Gauge(
    "opentrail_trail_oldest_waiting_seconds", "Age of the oldest file that waits to be delivered", registry=REGISTRY
)
TRAIL_ABANDONED = Gauge(
    "opentrail_trail_files_abandoned", "Files given up in the last weeks, still in the catalog", registry=REGISTRY
)
TRAIL_ERRORS = Gauge(
    "opentrail_trail_errors", "Trails whose last delivery of a kind was refused", ["what"], registry=REGISTRY
)
CLOCK_AHEAD = Gauge(
    "opentrail_clock_ahead_seconds", "How far the clock is ahead of what deletion goes by", registry=REGISTRY
)
LAKE_STORES = Gauge("opentrail_lake_stores", "Event data stores, by status", ["status"], registry=REGISTRY)
LAKE_EVENTS = Gauge("opentrail_lake_events", "Events in the tables of event data stores", registry=REGISTRY)
LAKE_FILES = Gauge("opentrail_lake_files", "Their Parquet files", registry=REGISTRY)
LAKE_BYTES = Gauge("opentrail_lake_bytes", "Bytes of these files", registry=REGISTRY)
LAKE_KEYS_REFUSED = Gauge(
    "opentrail_lake_stores_without_key", "Stores whose KMS key cannot be used: they wait", registry=REGISTRY
)
LAKE_UNREADABLE = Gauge("opentrail_lake_tables_unreadable", "Tables that cannot be looked at", registry=REGISTRY)

QUERIES = Counter(
    "opentrail_queries", "Queries over event data stores, by how they ended", ["status"], registry=REGISTRY
)
QUERIES_UNDER_WAY = Gauge("opentrail_queries_running", "Queries that run", registry=REGISTRY)
QUERY_SECONDS = Histogram(
    "opentrail_query_seconds",
    "Time from StartQuery to the end of a query",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
    registry=REGISTRY,
)
QUERY_BYTES_SCANNED = Counter("opentrail_query_bytes_scanned", "Bytes of Parquet that queries read", registry=REGISTRY)
QUERY_DELIVERIES = Counter(
    "opentrail_query_deliveries", "Results delivered to S3, by how that ended", ["status"], registry=REGISTRY
)
TRAIL_BUCKETS_UNPROTECTED = Gauge(
    "opentrail_trail_buckets_unprotected",
    "Buckets of trails that lack a protection of their files",
    ["what"],
    registry=REGISTRY,
)

LOG_LINES_LOST = Counter("opentrail_log_lines_lost", "Log lines that standard error did not take", registry=REGISTRY)


class _SteadyStderr:
    """Standard error that never fails its writer: the disk that the log goes to may be as full as the journal's."""

    def write(self, text: str) -> int:
        try:
            return sys.stderr.write(text)
        except (OSError, ValueError):
            LOG_LINES_LOST.inc()
            return 0

    def flush(self) -> None:
        try:
            sys.stderr.flush()
        except (OSError, ValueError):
            LOG_LINES_LOST.inc()


_STEADY_STDERR: Any = _SteadyStderr()
# What is logged before, or without, configure_logging must not break its caller either.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=_STEADY_STDERR))


def configure_logging(*, json_lines: bool = False, level: int = logging.INFO) -> None:
    """Send the log to standard error: coloured for a person, one JSON object a line for a collector."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=_STEADY_STDERR),
        cache_logger_on_first_use=True,
    )


def logger(package: str) -> Any:
    """A logger for one package; every line names an `action`, stable enough to search for."""
    return structlog.get_logger(package=package)
