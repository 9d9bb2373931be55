"""Where a program's own records go: to a server's door, or to a file of JSON lines."""

import logging
import os
from enum import Enum
from pathlib import Path
from typing import Protocol

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, HTTPClientError, SSLError
from botocore.httpsession import URLLib3Session

from opentrail import limits
from opentrail.recorder.client_side.reported import PATH, SIGNING_NAME, ReportedBatch

_LOG = logging.getLogger("opentrail.client")
_NEVER = frozenset({400, 413})
_REGION = "us-east-1"  # of the signature; the door takes any


class Sent(Enum):
    """What became of a batch."""

    KEPT = "kept"
    REFUSED = "refused"  # it will never be taken
    LATER = "later"


class Destination(Protocol):
    """Takes batches from one thread."""

    def send(self, batch: ReportedBatch) -> Sent:
        """Bring one batch there; KEPT means that it is there for good."""
        ...

    def close(self) -> None:
        """No further batch comes."""
        ...


class ServerDestination:
    """The door of an OpenTrail server at `endpoint`, which knows the key as one of its configured principals.

    Its certificate is checked against `ca_file` (PEM); where that is empty, against the authorities of botocore.
    """

    def __init__(self, endpoint: str, access_key_id: str, secret_access_key: str, ca_file: str = "") -> None:
        self._url = endpoint.rstrip("/") + PATH
        self._signer = SigV4Auth(Credentials(access_key_id, secret_access_key), SIGNING_NAME, _REGION)
        self._session = URLLib3Session(
            verify=ca_file or True, timeout=limits.CLIENT_SEND_SECONDS, max_pool_connections=1
        )

    def send(self, batch: ReportedBatch) -> Sent:
        """POST it; on disk there where this is KEPT."""
        body = msgspec.json.encode(batch)
        request = AWSRequest("POST", self._url, headers={"Content-Type": "application/json"}, data=body)
        self._signer.add_auth(request)
        try:
            answer = self._session.send(request.prepare())
        except SSLError as failure:  # waiting does not cure it
            _LOG.warning("records not reported: %s", failure)
            return Sent.LATER
        except (BotoCoreError, HTTPClientError, OSError) as failure:
            _LOG.info("records not reported yet: %s", type(failure).__name__)
            return Sent.LATER
        if answer.status_code == 200:
            return Sent.KEPT
        _LOG.warning("records not reported: %s %s", answer.status_code, answer.text[:300])
        return Sent.REFUSED if answer.status_code in _NEVER else Sent.LATER

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


class FileDestination:
    """A file that grows by one line a record; `opentrail import FILE` reads it. Only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, batch: ReportedBatch) -> Sent:
        """Append the records; handed to the operating system where this is KEPT, of a broken write nothing stays."""
        lines = b"".join(bytes(record) + b"\n" for record in batch.records)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                return _appended(descriptor, lines)
            finally:
                os.close(descriptor)
        except OSError as failure:
            _LOG.warning("records not written to %s: %s", self._path, failure.strerror)
            return Sent.LATER

    def close(self) -> None:
        """Nothing is open between two batches."""


def _appended(descriptor: int, lines: bytes) -> Sent:
    before = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, lines)
        if written == len(lines):
            return Sent.KEPT
    except OSError:
        os.ftruncate(descriptor, before)
        raise
    os.ftruncate(descriptor, before)
    return Sent.LATER
