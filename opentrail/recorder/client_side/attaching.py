"""`opentrail.record(...)`: attaches a recording to a boto3 or botocore session, client or resource."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from opentrail import limits
from opentrail.errors import ClientError
from opentrail.recorder.client_side.caller import Callers
from opentrail.recorder.client_side.destinations import Destination, FileDestination, ServerDestination
from opentrail.recorder.client_side.shipping import Counts, Shipper
from opentrail.recorder.client_side.watching import Watch


class NotRecordable(ClientError):
    """That is no session, client or resource of boto3 or botocore, or it is not said where its records go."""


class Recording:
    """Calls are recorded from now on, until `close` or the end of the program. Safe from any thread."""

    def __init__(self, destination: Destination, callers: Callers) -> None:
        self._shipper = Shipper(destination, callers)
        self._watch = Watch(self._shipper.offer, self._shipper.failed)

    def attach(self, target: Any) -> Self:
        """Record the calls of another session, client or resource too."""
        self._watch.attach(_emitter(target))
        return self

    @property
    def counts(self) -> Counts:
        """What became of calls so far."""
        return self._shipper.counts

    def flush(self, seconds: float = limits.CLIENT_EXIT_SECONDS) -> bool:
        """Wait until what was called so far is reported; False if it is not after `seconds`."""
        return self._shipper.flush(seconds)

    def close(self, seconds: float = limits.CLIENT_EXIT_SECONDS) -> int:
        """Record no further call and report what waits; how many calls are lost because `seconds` were not enough."""
        self._watch.detach()
        return self._shipper.close(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def record_calls(
    target: Any,
    *,
    endpoint: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    ca_file: str | None = None,
    file: str | os.PathLike[str] | None = None,
    identity: bool = True,
    identity_endpoint: str | None = None,
) -> Recording:
    """Record every call of `target`: a boto3 or botocore session, client or resource.

    Of a session, clients that are made from now on. Records go to the OpenTrail server at `endpoint` (its AWS port),
    signed with a key that the server's settings name; what is left out is taken from OPENTRAIL_ENDPOINT,
    OPENTRAIL_ACCESS_KEY_ID and OPENTRAIL_SECRET_ACCESS_KEY. The server's certificate is checked against `ca_file`
    (PEM), else OPENTRAIL_CA_FILE or AWS_CA_BUNDLE, else botocore's authorities. With `file` records go there, one JSON
    object a line.

    Who calls is asked of STS once for each access key (`identity_endpoint` in place of the one that the calls go to),
    unless `identity` is False. Calls never wait for their records, and never fail for them. Raises NotRecordable.
    """
    _emitter(target)  # a wrong target is told before anything is made
    if file is not None:
        destination: Destination = FileDestination(Path(file))
    else:
        told = [
            endpoint or os.environ.get("OPENTRAIL_ENDPOINT", ""),
            access_key_id or os.environ.get("OPENTRAIL_ACCESS_KEY_ID", ""),
            secret_access_key or os.environ.get("OPENTRAIL_SECRET_ACCESS_KEY", ""),
        ]
        if not all(told):
            raise NotRecordable("Say where the records go: endpoint, access_key_id and secret_access_key, or file.")
        authorities = ca_file or os.environ.get("OPENTRAIL_CA_FILE") or os.environ.get("AWS_CA_BUNDLE") or ""
        destination = ServerDestination(told[0], told[1], told[2], authorities)
    return Recording(destination, Callers(identity_endpoint, ask=identity)).attach(target)


def _emitter(target: Any) -> Any:
    """Where `target` tells of its calls."""
    meta: Any = getattr(target, "meta", None)
    client: Any = getattr(meta, "client", None)
    if client is not None:  # that of a resource
        meta = client.meta
    for found in (getattr(meta, "events", None), getattr(target, "events", None)):  # a client, a boto3 session
        if hasattr(found, "register_last"):
            return found
    component = getattr(target, "get_component", None)  # a botocore session
    if component is not None:
        return component("event_emitter")
    raise NotRecordable(f"{type(target).__name__} is no session, client or resource of boto3 or botocore.")
