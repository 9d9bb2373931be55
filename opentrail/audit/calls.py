"""One PutAuditEvents call, and what its answer means for each of its events."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from opentrail import limits
from opentrail.audit.event import Prepared

_LOG = logging.getLogger("opentrail.audit")

_AGAIN: Final = frozenset({"Throttling", "InternalFailure"})  # AWS's own codes of events that may be sent again
_NEVER: Final = frozenset(
    {"ValidationException", "SerializationException", "DuplicatedAuditEventId", "RequestEntityTooLargeException"}
)  # of whole calls: they are wrong as they are, whenever they come


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that will never be taken: AWS's code, and why."""

    event: Prepared
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the events of one call."""

    kept: Sequence[Prepared] = ()
    refused: Sequence[Refusal] = ()
    later: Sequence[Prepared] = field(default=())


class Calls:
    """Makes the calls, from one thread. Each is one attempt; trying again is the caller's business."""

    def __init__(
        self, channel_arn: str, external_id: str | None, endpoint_url: str | None, session: boto3.session.Session | None
    ) -> None:
        self._target = {"channelArn": channel_arn, **({"externalId": external_id} if external_id is not None else {})}
        self._region = channel_arn.split(":")[3]
        self._endpoint_url = endpoint_url
        self._session = session
        self._client: Any = None

    def put(self, events: Sequence[Prepared]) -> Answer:
        """Send these events; what is `kept` is durable there. Never raises."""
        sent = [{"id": one.id, "eventData": one.text, "eventDataChecksum": one.checksum} for one in events]
        try:
            if self._client is None:
                self._client = self._made()
            told = self._client.put_audit_events(**self._target, auditEvents=sent)
        except ClientError as refusal:
            said = refusal.response.get("Error", {})
            code, message = str(said.get("Code", "")), str(said.get("Message", ""))
            if code in _NEVER:
                return Answer(refused=[Refusal(one, code, message) for one in events])
            _LOG.warning("audit events not taken yet: %s %s", code, message)
            return Answer(later=events)
        except (BotoCoreError, HTTPClientError, OSError, ValueError) as failure:
            _LOG.info("audit events not sent yet: %s", failure)
            return Answer(later=events)
        return _read(events, told)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _made(self) -> Any:
        settings = Config(
            connect_timeout=limits.AUDIT_SEND_SECONDS,
            read_timeout=limits.AUDIT_SEND_SECONDS,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        session = self._session if self._session is not None else boto3.session.Session()
        return session.client(
            "cloudtrail-data", endpoint_url=self._endpoint_url, region_name=self._region, config=settings
        )


def _read(events: Sequence[Prepared], told: dict[str, Any]) -> Answer:
    kept_ids = {one["id"] for one in told.get("successful", ())}
    failed = {one["id"]: one for one in told.get("failed", ())}
    kept, refused, later = [], [], []
    for event in events:
        failure = failed.get(event.id)
        if failure is not None and failure["errorCode"] not in _AGAIN:
            refused.append(Refusal(event, failure["errorCode"], failure.get("errorMessage", "")))
        elif event.id in kept_ids and failure is None:
            kept.append(event)
        else:
            later.append(event)
    return Answer(kept, refused, later)
