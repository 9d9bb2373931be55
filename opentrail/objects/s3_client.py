"""S3 clients of boto3, and what their errors mean as faults of a bucket."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, cast

import boto3
import botocore.loaders
import botocore.session
import urllib3.exceptions
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.utils import parse_timestamp

from opentrail.objects.bucket import (
    AccessDenied,
    BucketFault,
    NoSuchBucket,
    NoSuchKey,
    Throttled,
    TimedOut,
    Unreachable,
)

CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 60.0
ATTEMPTS = 5
CONNECTIONS = 16

# What a request to S3 may raise; see `fault_of`.
S3_ERRORS = (ClientError, BotoCoreError, HTTPClientError, urllib3.exceptions.HTTPError, OSError)

_ISO_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{3})?Z", re.ASCII)
_THROTTLED = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled"}
)
_DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})
_TIMED_OUT = frozenset({"RequestTimeout", "408"})


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where S3 is and who we are there. What is None, boto3 looks up itself: environment, profile, instance."""

    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)


def connect(
    access: S3Access,
    *,
    service: str = "s3",
    attempts: int = ATTEMPTS,
    connections: int = CONNECTIONS,
    read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
) -> Any:
    """A client, safe to share between threads. Raises Unreachable where boto3 cannot make one."""
    settings = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=read_timeout_seconds,
        max_pool_connections=connections,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        # S3 services other than AWS know Content-MD5, not the newer checksums that boto3 adds on its own.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # An endpoint of one's own has no wild-card name for every bucket.
        s3={"addressing_style": "path"} if access.endpoint_url else {},
    )
    try:
        return _session().client(
            service,
            endpoint_url=access.endpoint_url,
            region_name=access.region,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
            aws_session_token=access.session_token,
            config=settings,
        )
    except (BotoCoreError, ValueError) as error:
        raise Unreachable(f"{service} cannot be reached: {error}") from error


def _session() -> boto3.session.Session:
    """One whose clients read times quickly: of a listing, botocore spends most on the time of each object."""
    core = botocore.session.Session()
    core.register_component("data_loader", _models(core.get_config_variable("data_path")))
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_read_time)
    return boto3.session.Session(botocore_session=core)


@cache
def _models(data_path: str | None) -> botocore.loaders.Loader:
    """Service models, read once for all sessions; a session alone takes a tenth of a second to read them."""
    return botocore.loaders.create_loader(data_path)


def _read_time(value: str | int | float) -> datetime:
    if isinstance(value, str) and _ISO_TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return cast(datetime, parse_timestamp(value))


def fault_of(error: Exception, what: str) -> BucketFault:
    """The fault that `error`, raised by a client, stands for; `what` begins its message."""
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        return refusal(code, f"{what}: {code} {said.get('Message', '')}".rstrip())
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError | urllib3.exceptions.TimeoutError | TimeoutError):
        return TimedOut(f"{what}: no answer in time")
    return Unreachable(f"{what}: {error}")


def refusal(code: str, message: str) -> BucketFault:
    """The fault that S3's error code `code` names; of a HEAD request the code is the status alone."""
    if code in ("NoSuchKey", "404", "NotFound"):
        return NoSuchKey(message)
    if code == "NoSuchBucket":
        return NoSuchBucket(message)
    if code in _DENIED:
        return AccessDenied(message)
    if code in _THROTTLED:
        return Throttled(message, code)
    if code in _TIMED_OUT:
        return TimedOut(message)
    return BucketFault(message, code or None)
