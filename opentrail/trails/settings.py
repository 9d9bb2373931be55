"""How delivery is done: intervals, Regions, limits, as one value."""

from dataclasses import dataclass
from typing import Literal

from opentrail import limits

ServerSideEncryption = Literal["AES256", "bucket"]


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """`interval_s` 1 and more, `digest_interval_s` 2 and more, both in seconds.

    `regions`: the enabled ones, which multi-Region trails cover. `members`: accounts of the organization, which its
    trails cover. `server_side_encryption` is for trails without a KMS
    key: `AES256` asks for SSE-S3, `bucket` leaves it to the bucket's default. `outbox_bytes`: what may wait to be
    delivered before trails whose bucket is behind are left in the journal. `reserve_bytes`: free disk that stays.
    """

    regions: tuple[str, ...]
    members: tuple[str, ...] = ()
    interval_s: float = 300.0
    digest_interval_s: float = 3600.0
    key_rotation_days: float = 90.0
    server_side_encryption: ServerSideEncryption = "AES256"
    outbox_bytes: int = limits.OUTBOX_BYTES
    reserve_bytes: int = limits.OUTBOX_RESERVE_BYTES
    give_up_s: float = limits.DELIVERY_GIVE_UP_SECONDS
