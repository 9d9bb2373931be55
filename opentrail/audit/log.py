"""`AuditLog`: what a program holds to send its audit events."""

import os
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import boto3

from opentrail import limits
from opentrail.arn import parse_arn
from opentrail.audit.calls import Calls
from opentrail.audit.event import VERSION, BadEvent, User, as_event_time, identity, prepared
from opentrail.audit.shipping import Counts, Failure, Shipper
from opentrail.errors import ClientError

CHANNEL_VARIABLE: Final = "OPENTRAIL_AUDIT_CHANNEL"


class BadChannel(ClientError):
    """The channel is not named by its ARN."""


class AuditLog:
    """Sends the audit events of one source to one channel. Safe from any thread; `put` never waits for the network.

    `channel_arn`: or OPENTRAIL_AUDIT_CHANNEL. `source`: the events' `eventSource`, a name of the program's own.
    `endpoint_url`: of OpenTrail's AWS port; left out, boto3 decides (AWS_ENDPOINT_URL, its profiles, AWS itself).
    `session`: whose credentials sign; left out, boto3's default ones. `external_id`: where the channel's policy wants
    one. `on_failure`: called, in the thread that sends, with each event that was not kept; without it they are logged.
    `wait_seconds`: how long `put` may wait for room where too much waits already. Raises BadChannel.

    At the end of the program what waits is sent, for up to limits.AUDIT_EXIT_SECONDS. What is put and not yet kept is
    in memory alone: a program that is killed takes it along.
    """

    def __init__(
        self,
        channel_arn: str | None = None,
        *,
        source: str,
        endpoint_url: str | None = None,
        session: boto3.session.Session | None = None,
        external_id: str | None = None,
        on_failure: Callable[[Failure], None] | None = None,
        wait_seconds: float = 0.0,
    ) -> None:
        named = channel_arn if channel_arn is not None else os.environ.get(CHANNEL_VARIABLE, "")
        arn = parse_arn(named)
        if arn is None or arn.service != "cloudtrail" or not arn.resource.startswith("channel/"):
            raise BadChannel(f"{named!r} is not the ARN of a channel.")
        self._account = arn.account
        self._source = source
        self._wait_seconds = wait_seconds
        self._shipper = Shipper(Calls(named, external_id, endpoint_url, session), on_failure)

    def put(
        self,
        event_name: str,
        user: User,
        *,
        uid: str | None = None,
        event_id: str | None = None,
        time: datetime | None = None,
        request: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
        source_ip: str | None = None,
        user_agent: str | None = None,
        more: Mapping[str, Any] | None = None,
        version: str = VERSION,
    ) -> str:
        """Queue an event; its id, by which it is kept once however often it is sent.

        `uid`: the event's own id in the source; left out, a new one. `event_id`: 1 to 128 letters, digits, `-`, `_`;
        left out, a new one. `time`: with a zone; left out, now. `more`: `additionalEventData`. Raises BadEvent where
        the event is no JSON or too long; everything else that is wrong with it is told to `on_failure`.
        """
        event_id = event_id if event_id is not None else str(uuid.uuid4())
        members = {
            "version": version,
            "userIdentity": identity(user),
            "userAgent": user_agent,
            "eventSource": self._source,
            "eventName": event_name,
            "eventTime": as_event_time(time),
            "UID": uid if uid is not None else event_id,
            "requestParameters": request,
            "responseElements": response,
            "errorCode": error_code,
            "errorMessage": error_message,
            "sourceIPAddress": source_ip,
            "recipientAccountId": self._account,
            "additionalEventData": more,
        }
        self._shipper.offer(prepared(event_id, members), self._wait_seconds)
        return event_id

    @property
    def counts(self) -> Counts:
        """What became of the events so far."""
        return self._shipper.counts

    def flush(self, seconds: float = limits.AUDIT_EXIT_SECONDS) -> bool:
        """Wait until everything put so far is kept or has failed; False if it is not after `seconds`."""
        return self._shipper.flush(seconds)

    def close(self, seconds: float = limits.AUDIT_EXIT_SECONDS) -> int:
        """Take no further event and send what waits; how many failed because `seconds` were not enough."""
        return self._shipper.close(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()


__all__ = ["AuditLog", "BadChannel", "BadEvent"]
