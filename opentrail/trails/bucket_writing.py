"""Writing a file of the outbox into its bucket, once: with the properties AWS gives it, and a look before a retry.

A PUT that may have been carried out (no answer came, or the process ended in between) is preceded by a HEAD: where the
object is there with its size and signature, nothing is written, so that a versioned bucket gets no second version.
Who may not HEAD (CloudTrail's usual bucket policy does not let it) writes the same bytes under the same key again.
"""

from collections.abc import Mapping

from opentrail import limits
from opentrail.catalog.destination import Destination
from opentrail.clock import Clock
from opentrail.logfile.content import CONTENT_ENCODING, CONTENT_TYPE
from opentrail.objects.bucket import (
    OWNER_FULL_CONTROL,
    AccessDenied,
    Bucket,
    BucketFault,
    Encryption,
    Properties,
)
from opentrail.trails.outbox import Outbox
from opentrail.trails.service_clients import DeliveryFailed, ServiceClients
from opentrail.trails.settings import DeliverySettings

CONTEXT = "aws:cloudtrail:arn"  # of SSE-KMS: what the key's policy asks for


class BucketWriter:
    """Writes files of the outbox. Safe from several threads, except for two writing the same file."""

    def __init__(self, clients: ServiceClients, outbox: Outbox, clock: Clock, settings: DeliverySettings) -> None:
        self._clients = clients
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self._started_us = clock.now_us()
        self._uncertain: set[str] = set()  # names of files whose PUT failed
        self._checked: dict[tuple[str, str], float] = {}

    def write(self, destination: Destination, key: str, name: str, made_us: int, metadata: Mapping[str, str]) -> None:
        """Write the file `name`, made at `made_us`, to `key`; it is in the bucket on return.

        Raises DeliveryFailed, LostFromOutbox.
        """
        body = self._outbox.read(name)
        bucket = self._clients.bucket(destination)
        try:
            self._check(destination, bucket)
            retried = name in self._uncertain or made_us <= self._started_us
            if not retried or not _is_there(bucket, key, len(body), metadata):
                self._uncertain.add(name)
                bucket.put(key, body, self._properties(destination, metadata))
        except BucketFault as fault:
            raise DeliveryFailed(fault.message, fault.s3_code) from fault
        self._uncertain.discard(name)

    def _check(self, destination: Destination, bucket: Bucket) -> None:
        """Whether the bucket still lets CloudTrail in, asked before deliveries, though not before every file."""
        whose = (destination.trail_arn, bucket.url)
        now = self._clock.monotonic()
        if now - self._checked.get(whose, float("-inf")) >= limits.BUCKET_CHECK_SECONDS:
            self._clients.check_bucket(destination)
            self._checked[whose] = now

    def _properties(self, destination: Destination, metadata: Mapping[str, str]) -> Properties:
        encryption = None
        if destination.kms_key_arn is not None:
            encryption = Encryption("aws:kms", destination.kms_key_arn, {CONTEXT: destination.trail_arn})
        elif self._settings.server_side_encryption == "AES256":
            encryption = Encryption("AES256")
        return Properties(CONTENT_TYPE, CONTENT_ENCODING, metadata, OWNER_FULL_CONTROL, encryption)


def _is_there(bucket: Bucket, key: str, size: int, metadata: Mapping[str, str]) -> bool:
    try:
        stored = bucket.head(key)
    except AccessDenied:
        return False
    return stored is not None and stored.size == size and metadata.items() <= stored.metadata.items()
