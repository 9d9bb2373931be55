"""Clients of the services that trails deliver to: S3, SNS, CloudWatch Logs, STS.

They call the server's own port with CloudTrail's own key, so that deliveries are recorded as AWS records its own; or
the endpoints and the key that the settings name. A bucket may also be a folder of a directory that the settings name.
Retries are the deliverer's business: a client tries once.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from opentrail import limits
from opentrail.catalog.destination import Destination
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.objects.bucket import Bucket
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3Access, connect

ROLE_SESSION_NAME = "CLOUDWATCH_LOGS_DELIVERY_SESSION"  # what AWS's own records show
ROLE_SECONDS = 3600
ROLE_SPARE_SECONDS = 300  # a session is renewed so long before its end

# What a call of these clients may raise.
SERVICE_ERRORS = (ClientError, BotoCoreError, HTTPClientError, OSError)


class DeliveryFailed(OpenTrailError):
    """A service refused a delivery, or did not answer. `refusal`: the error's code; None where no answer came."""

    def __init__(self, message: str, refusal: str | None) -> None:
        super().__init__(message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class DeliveryEndpoints:
    """Where deliveries go. `directory`: a bucket is the folder of its name in it, where there is one.

    `access_of` gives endpoint and key for calls in the name of an account; its Region is set for each client.
    """

    access_of: Callable[[str], S3Access]
    s3_endpoint: str | None = None
    sns_endpoint: str | None = None
    logs_endpoint: str | None = None
    directory: Path | None = None


class ServiceClients:
    """Makes clients and keeps them. Safe from any thread."""

    def __init__(self, endpoints: DeliveryEndpoints, clock: Clock) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[tuple[str, str], tuple[float, S3Access]] = {}

    def bucket(self, destination: Destination) -> Bucket:
        """The bucket that a trail delivers to."""
        directory = self._endpoints.directory
        if directory is not None and (directory / destination.bucket).is_dir():
            return DirectoryBucket(directory / destination.bucket)
        client = self._client("s3", destination.account, destination.home_region, self._endpoints.s3_endpoint)
        return S3Bucket(destination.bucket, client=client)

    def sns(self, destination: Destination, region: str) -> Any:
        """A client of SNS."""
        return self._client("sns", destination.account, region, self._endpoints.sns_endpoint)

    def logs(self, destination: Destination, region: str) -> Any:
        """A client of CloudWatch Logs that acts as the trail's role. Raises DeliveryFailed."""
        role = destination.role_arn
        if role is None:
            return self._client("logs", destination.account, region, self._endpoints.logs_endpoint)
        with self._lock:
            until, access = self._sessions.get((role, region), (0.0, None))
        if access is None or self._clock.monotonic() >= until:
            access = self._assume(destination, role, region)
            with self._lock:
                until = self._clock.monotonic() + ROLE_SECONDS - ROLE_SPARE_SECONDS
                self._sessions[(role, region)] = (until, access)
                self._clients.pop(("logs", role, region), None)
        return self._made(("logs", role, region), access)

    def _assume(self, destination: Destination, role: str, region: str) -> S3Access:
        sts = self._client("sts", destination.account, region, self._endpoints.logs_endpoint)
        try:
            answer = sts.assume_role(RoleArn=role, RoleSessionName=ROLE_SESSION_NAME, DurationSeconds=ROLE_SECONDS)
        except SERVICE_ERRORS as error:
            raise failure(error, f"the role {role} cannot be assumed") from error
        session = answer["Credentials"]
        access = self._access(destination.account, region, self._endpoints.logs_endpoint)
        return replace(
            access,
            access_key_id=session["AccessKeyId"],
            secret_access_key=session["SecretAccessKey"],
            session_token=session["SessionToken"],
        )

    def _client(self, service: str, account: str, region: str, endpoint: str | None) -> Any:
        return self._made((service, account, region), self._access(account, region, endpoint))

    def _access(self, account: str, region: str, endpoint: str | None) -> S3Access:
        access = replace(self._endpoints.access_of(account), region=region)
        return replace(access, endpoint_url=endpoint) if endpoint is not None else access

    def _made(self, key: tuple[str, str, str], access: S3Access) -> Any:
        with self._lock:
            if key not in self._clients:
                self._clients[key] = connect(
                    access,
                    service=key[0],
                    attempts=1,
                    connections=limits.DELIVERY_THREADS,
                    read_timeout_seconds=limits.DELIVERY_TIMEOUT_SECONDS,
                )
            return self._clients[key]


def failure(error: Exception, what: str) -> DeliveryFailed:
    """The failure that an error of a client stands for; `what` begins its message."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "")) or None
        return DeliveryFailed(f"{what}: {error}", code)
    return DeliveryFailed(f"{what}: {error}", None)
