"""Notification: an SNS message for each log file that is in its bucket.

The message is `{"s3Bucket":BUCKET,"s3ObjectKey":[KEY]}`, what readers fed by SQS parse. It is sent at least once, after
the file can be read; a topic that refuses holds up no file, only further messages of the same trail.
"""

import msgspec
from sqlalchemy import Connection, Engine

from opentrail import limits
from opentrail.arn import parse_arn
from opentrail.catalog.database import READING
from opentrail.catalog.log_files import CutFile, State, settle, waiting_files, waiting_queues
from opentrail.catalog.trail_status import What, report_success
from opentrail.clock import Clock
from opentrail.trails.deliverer import QueueKey
from opentrail.trails.in_order import InOrder
from opentrail.trails.service_clients import SERVICE_ERRORS, ServiceClients, failure


class Notification:
    """Implements deliverer.Delivery for messages."""

    what: What = "notification"

    def __init__(self, engine: Engine, clients: ServiceClients, clock: Clock, in_order: InOrder) -> None:
        self._engine = engine
        self._clients = clients
        self._clock = clock
        self._in_order = in_order

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails with delivered files that their topic was not told of."""
        return waiting_queues(connection, "notification")

    def deliver(self, key: QueueKey) -> bool:
        """Publish messages; each file is marked once its message was taken."""
        with self._engine.connect().execution_options(**READING) as connection:
            files = waiting_files(connection, "notification", key.trail_id, key.destination, limits.DELIVERY_FILES)
        self._in_order.work(self.what, files, self._publish, self._settle)
        return len(files) == limits.DELIVERY_FILES

    def _publish(self, file: CutFile) -> None:
        topic = file.destination.sns_topic_arn or ""
        arn = parse_arn(topic)
        client = self._clients.sns(file.destination, arn.region if arn is not None else file.destination.home_region)
        body = {"s3Bucket": file.destination.bucket, "s3ObjectKey": [file.key]}
        try:
            client.publish(TopicArn=topic, Message=msgspec.json.encode(body).decode())
        except SERVICE_ERRORS as error:
            raise failure(error, f"no message to {topic}") from error

    def _settle(self, file: CutFile, state: State) -> None:
        now = self._clock.now_us()
        with self._engine.begin() as connection:
            settle(connection, "notification", file.id, state, now)
            if state == "done":
                report_success(connection, file.trail_id, self.what, now)
