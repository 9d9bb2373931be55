"""Where a file of a trail goes and how, fixed when the file is made: a later change of the trail moves nothing."""

import msgspec

from opentrail.catalog.trails import Trail


class Destination(msgspec.Struct, frozen=True, omit_defaults=True):
    """The delivery side of a trail at one version."""

    trail_arn: str
    account: str  # the trail's, in whose name things are delivered
    home_region: str
    bucket: str
    prefix: str = ""
    validation: bool = False
    kms_key_arn: str | None = None
    sns_topic_arn: str | None = None
    log_group_arn: str | None = None
    role_arn: str | None = None
    organization_id: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Destination).decode


def destination_of(trail: Trail) -> Destination:
    """The delivery side of `trail`."""
    return Destination(
        trail_arn=trail.arn,
        account=trail.account,
        home_region=trail.home_region,
        bucket=trail.bucket,
        prefix=trail.prefix,
        validation=trail.validation,
        kms_key_arn=trail.kms_key_arn,
        sns_topic_arn=trail.sns_topic_arn,
        log_group_arn=trail.log_group_arn,
        role_arn=trail.role_arn,
        organization_id=trail.organization_id,
    )


def encode_destination(destination: Destination) -> bytes:
    """As the catalog keeps it."""
    return _encode(destination)


def decode_destination(kept: bytes) -> Destination:
    """Back from the catalog."""
    return _decode(kept)
