"""Clients for what a trail delivers to: its bucket, its topic, its log group, which is written as the trail's role.

Retries are the deliverer's business: a client tries once.
"""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from opentrail.catalog.destination import Destination
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.objects.bucket import Bucket
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3_ERRORS, S3Access
from opentrail.trails.bucket_check import BucketCheck
from opentrail.trails.clients import Clients
from opentrail.trails.faults import DestinationUnknown, InsufficientBucketPolicy, NoSuchTrailBucket

ROLE_SESSION_NAME = "CLOUDWATCH_LOGS_DELIVERY_SESSION"  # what AWS's own records show
ROLE_SECONDS = 3600
ROLE_SPARE_SECONDS = 300  # a session is renewed so long before its end

SERVICE_ERRORS = S3_ERRORS  # what a call of these clients may raise; the same for all services


class DeliveryFailed(OpenTrailError):
    """A service refused a delivery, or did not answer. `refusal`: the error's code; None where no answer came."""

    def __init__(self, message: str, refusal: str | None) -> None:
        super().__init__(message)
        self.refusal = refusal


class ServiceClients:
    """Gives clients for destinations. A bucket is the folder of its name in `folders`, where there is one.

    Safe from any thread.
    """

    def __init__(self, clients: Clients, clock: Clock, folders: Path | None = None) -> None:
        self._clients = clients
        self._bucket_check = BucketCheck(clients, folders)
        self._clock = clock
        self._folders = folders
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], tuple[float, Any]] = {}

    def bucket(self, destination: Destination) -> Bucket:
        """The bucket that a trail delivers to."""
        if self._folders is not None and (self._folders / destination.bucket).is_dir():
            return DirectoryBucket(self._folders / destination.bucket)
        client = self._clients.client("s3", destination.account, destination.home_region)
        return S3Bucket(destination.bucket, client=client)

    def check_bucket(self, destination: Destination) -> None:
        """Whether the bucket is there and its policy lets CloudTrail deliver. Raises DeliveryFailed as S3 would say."""
        try:
            self._bucket_check.check(destination)
        except NoSuchTrailBucket as missing:
            raise DeliveryFailed(missing.message, "NoSuchBucket") from missing
        except InsufficientBucketPolicy as refused:
            raise DeliveryFailed(refused.message, "AccessDenied") from refused
        except DestinationUnknown as unknown:
            raise DeliveryFailed(unknown.message, None) from unknown

    def sns(self, destination: Destination, region: str) -> Any:
        """A client of SNS."""
        return self._clients.client("sns", destination.account, region)

    def logs(self, destination: Destination, region: str) -> Any:
        """A client of CloudWatch Logs that acts as the trail's role. Raises DeliveryFailed."""
        role = destination.role_arn
        if role is None:
            return self._clients.client("logs", destination.account, region)
        with self._lock:
            until, client = self._sessions.get((role, region), (0.0, None))
        if client is None or self._clock.monotonic() >= until:
            client = self._clients.made("logs", self._assumed(destination, role, region))
            with self._lock:
                self._sessions[(role, region)] = (self._clock.monotonic() + ROLE_SECONDS - ROLE_SPARE_SECONDS, client)
        return client

    def forget_session(self, destination: Destination, region: str) -> None:
        """CloudWatch Logs refused the role's session: its role may have been made anew. The next client has another."""
        with self._lock:
            self._sessions.pop((destination.role_arn or "", region), None)

    def _assumed(self, destination: Destination, role: str, region: str) -> S3Access:
        """Access to CloudWatch Logs with a new session of the role."""
        sts = self._clients.client("sts", destination.account, region)
        try:
            answer = sts.assume_role(RoleArn=role, RoleSessionName=ROLE_SESSION_NAME, DurationSeconds=ROLE_SECONDS)
        except SERVICE_ERRORS as error:
            raise failure(error, f"the role {role} cannot be assumed") from error
        session = answer["Credentials"]
        return replace(
            self._clients.access("logs", destination.account, region),
            access_key_id=session["AccessKeyId"],
            secret_access_key=session["SecretAccessKey"],
            session_token=session["SessionToken"],
        )


def failure(error: Exception, what: str) -> DeliveryFailed:
    """The failure that an error of a client stands for; `what` begins its message."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "")) or None
        return DeliveryFailed(f"{what}: {error}", code)
    return DeliveryFailed(f"{what}: {error}", None)
