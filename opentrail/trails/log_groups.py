"""Delivery to CloudWatch Logs: each event of a file is a log event of the trail's stream in its log group.

Stream `[ORG_]ACCOUNT_CloudTrail_REGION`, Region being the trail's home; made where it is missing. The message is the
record, the timestamp its `eventTime`. A call holds at most 10,000 events, 1 MiB (26 bytes for each event on top of its
text) and 24 hours, in order of time, as the service demands; events beyond 256 KB are left out, as AWS leaves them out.
How many of a file's events are sent is written down after each call: a crash repeats one call at most.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from sqlalchemy import Connection, Engine

from opentrail import limits, telemetry
from opentrail.arn import parse_arn
from opentrail.catalog.database import READING
from opentrail.catalog.destination import Destination
from opentrail.catalog.log_files import CutFile, State, logs_progress, settle, waiting_files, waiting_queues
from opentrail.catalog.trail_status import What, report_success
from opentrail.clock import Clock
from opentrail.logfile.content import inflate
from opentrail.record.envelope import read_envelope
from opentrail.record.text import split_records
from opentrail.trails.deliverer import QueueKey
from opentrail.trails.in_order import InOrder
from opentrail.trails.outbox import LostFromOutbox, Outbox
from opentrail.trails.service_clients import SERVICE_ERRORS, DeliveryFailed, ServiceClients, failure

_MILLISECOND = 1000  # in microseconds
_FILES = 8  # of one trail before others have their turn

_log = telemetry.logger("trails")


class LogEvent(NamedTuple):
    """One event: when it happened, in milliseconds since the epoch, and the record's bytes."""

    timestamp: int
    record: bytes


class LogGroupDelivery:
    """Implements deliverer.Delivery for log groups."""

    what: What = "logs"

    def __init__(
        self, engine: Engine, clients: ServiceClients, outbox: Outbox, clock: Clock, in_order: InOrder
    ) -> None:
        self._engine = engine
        self._clients = clients
        self._outbox = outbox
        self._clock = clock
        self._in_order = in_order

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails with files whose events their log group has not, or not all."""
        return waiting_queues(connection, "logs")

    def deliver(self, key: QueueKey) -> bool:
        """Send events; how many of a file are sent is durable after each call."""
        with self._engine.connect().execution_options(**READING) as connection:
            files = waiting_files(connection, "logs", key.trail_id, key.destination, _FILES)
        self._in_order.work(self.what, files, self._send, self._settle)
        return len(files) == _FILES

    def _send(self, file: CutFile) -> None:
        events = events_of(self._outbox.read(file.outbox))
        destination = file.destination
        group = parse_arn(destination.log_group_arn or "")
        region = group.region if group is not None else destination.home_region
        client = self._clients.logs(destination, region)
        name = group.resource.removeprefix("log-group:").removesuffix(":*") if group is not None else ""
        stream = stream_name(destination, file.account)
        sent = file.logs_sent
        for batch in batches(events[sent:]):
            taken = [event for event in batch if len(event.record) <= limits.RECORD_BYTES]
            if len(taken) < len(batch):
                _log.warning(
                    "event too long", action="log-event-left-out", key=file.key, events=len(batch) - len(taken)
                )
            if taken:
                try:
                    _put(client, name, stream, taken)
                except DeliveryFailed as failed:
                    if failed.refusal is not None:
                        self._clients.forget_session(destination, region)
                    raise
            sent += len(batch)
            with self._engine.begin() as connection:
                logs_progress(connection, file.id, sent)
                report_success(connection, file.trail_id, "logs", self._clock.now_us())

    def _settle(self, file: CutFile, state: State) -> None:
        with self._engine.begin() as connection:
            needed = settle(connection, "logs", file.id, state, self._clock.now_us())
        if not needed:
            self._outbox.drop(file.outbox)


def stream_name(destination: Destination, account: str) -> str:
    """The log stream for the events of an account."""
    name = f"{account}_CloudTrail_{destination.home_region}"
    return f"{destination.organization_id}_{name}" if destination.organization_id else name


def events_of(stored: bytes) -> list[LogEvent]:
    """The events of a log file in order of time, always the same. Raises LostFromOutbox where it is damaged."""
    inflated = inflate(stored, limits.LOG_FILE_READ_BYTES)
    if inflated is None:
        raise LostFromOutbox("A file in the outbox is not as it was written.")
    records = split_records(inflated)
    return sorted((LogEvent(read_envelope(raw).time_us // _MILLISECOND, raw) for raw in records), key=lambda e: e[0])


def batches(events: Sequence[LogEvent]) -> Iterator[list[LogEvent]]:
    """The events, which are in order of time, in calls that the service takes."""
    batch: list[LogEvent] = []
    size = 0
    for event in events:
        cost = len(event.record) + limits.LOG_EVENT_OVERHEAD_BYTES
        full = len(batch) == limits.LOG_EVENTS or size + cost > limits.LOG_EVENTS_BYTES
        if batch and (full or event.timestamp - batch[0].timestamp >= limits.LOG_EVENTS_SPAN_SECONDS * 1000):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += cost
    if batch:
        yield batch


def _put(client: Any, group: str, stream: str, events: Sequence[LogEvent]) -> None:
    """One call; the stream is made where it is missing. Raises DeliveryFailed."""
    call = {
        "logGroupName": group,
        "logStreamName": stream,
        "logEvents": [{"timestamp": event.timestamp, "message": event.record.decode()} for event in events],
    }
    try:
        try:
            answer = client.put_log_events(**call)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                raise
            client.create_log_stream(logGroupName=group, logStreamName=stream)
            answer = client.put_log_events(**call)
    except SERVICE_ERRORS as error:
        raise failure(error, f"no events to log group {group}") from error
    rejected = answer.get("rejectedLogEventsInfo")
    if rejected:
        _log.warning("log events refused", action="log-events-rejected", group=group, info=rejected)
