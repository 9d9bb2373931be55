"""The gauges that are worked out when somebody asks for the metrics, from what journal, catalog and tables say."""

import math
from typing import get_args

from opentrail.catalog.bucket_protection import BucketProtections
from opentrail.catalog.delivery_summary import DeliverySummary
from opentrail.catalog.event_data_stores import Status
from opentrail.catalog.store_keys import StoreKeyAnswers
from opentrail.clock import MICROSECONDS, SystemClock
from opentrail.server.assembly import Parts
from opentrail.server.data_folder import DataFolder
from opentrail.server.history_process.asking import HistoryUnavailable
from opentrail.telemetry import (
    CLOCK_AHEAD,
    FOLLOWER_LAG,
    FOLLOWER_POSITION,
    HISTORY_SEGMENTS,
    HISTORY_TAIL,
    JOURNAL_HEAD,
    LAKE_BYTES,
    LAKE_EVENTS,
    LAKE_FILES,
    LAKE_KEYS_REFUSED,
    LAKE_STORES,
    LAKE_UNREADABLE,
    TRAIL_ABANDONED,
    TRAIL_BUCKETS_UNPROTECTED,
    TRAIL_ERRORS,
    TRAIL_OLDEST_WAITING,
    TRAIL_OUTBOX_BYTES,
    TRAIL_OUTBOX_FILES,
)
from opentrail.trusted_clock import ahead_seconds

FOLLOWERS = ("history", "trails", "lake")  # as the journal knows them


def refresh_gauges(parts: Parts, folder: DataFolder) -> None:
    """Set every gauge that tells of the state of the data folder."""
    head = parts.journal.head()
    JOURNAL_HEAD.set(head)
    for name in FOLLOWERS:
        position = parts.journal.position(name)
        FOLLOWER_POSITION.labels(name).set(position)
        FOLLOWER_LAG.labels(name).set(head - position)
    CLOCK_AHEAD.set(ahead_seconds(folder.trusted_clock))
    _refresh_history(parts)
    _refresh_delivery(parts)
    _refresh_lake(parts)


def _refresh_history(parts: Parts) -> None:
    try:
        counts = parts.history.counts()
    except HistoryUnavailable:  # told by its part in /healthz; what was true before is not told as if it were still
        HISTORY_TAIL.set(math.nan)
        HISTORY_SEGMENTS.set(math.nan)
        return
    HISTORY_TAIL.set(counts.tail_events)
    HISTORY_SEGMENTS.set(counts.segments)


def _refresh_delivery(parts: Parts) -> None:
    summary = DeliverySummary(parts.catalog)
    TRAIL_OUTBOX_FILES.set(summary.files)
    TRAIL_OUTBOX_BYTES.set(summary.bytes)
    TRAIL_ABANDONED.set(summary.abandoned)
    waits_us = SystemClock().now_us() - summary.oldest if summary.oldest is not None else 0
    TRAIL_OLDEST_WAITING.set(max(waits_us, 0) / MICROSECONDS)
    for what, trails in summary.errors.items():
        TRAIL_ERRORS.labels(what).set(trails)
    for what, buckets in BucketProtections(parts.catalog).lacking().items():
        TRAIL_BUCKETS_UNPROTECTED.labels(what).set(buckets)


def _refresh_lake(parts: Parts) -> None:
    summary = parts.lake.now()
    for status in get_args(Status):
        LAKE_STORES.labels(status).set(summary.stores.get(status, 0))
    LAKE_EVENTS.set(summary.events)
    LAKE_FILES.set(summary.files)
    LAKE_BYTES.set(summary.bytes)
    LAKE_UNREADABLE.set(summary.unreadable)
    LAKE_KEYS_REFUSED.set(StoreKeyAnswers(parts.catalog).count_refused())
