"""The names that a trail and its destinations may have, and what an ARN of a trail says."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from opentrail import limits
from opentrail.arn import Arn, parse_arn
from opentrail.trails.faults import (
    InvalidBucketName,
    InvalidPrefix,
    InvalidTopicName,
    InvalidTrailArn,
    InvalidTrailName,
)

_NAME: Final = re.compile(r"[A-Za-z0-9._-]*")
_ADJACENT: Final = re.compile(r"[._-]{2}")
_ADDRESS: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_ACCOUNT: Final = re.compile(r"\d{12}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_BUCKET_CHARACTERS: Final = (3, 63)
_PATHLESS: Final = frozenset({"", ".", ".."})  # parts of a key that S3s with folders (SeaweedFS, MinIO) take away


@dataclass(frozen=True, slots=True)
class TrailId:
    """A trail by its home and name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The trail's ARN."""
        return str(Arn("cloudtrail", self.region, self.account, f"trail/{self.name}"))


def check_trail_name(name: str) -> None:
    """Raise InvalidTrailName, with AWS's message, where no trail may be called so."""
    least, most = limits.TRAIL_NAME_CHARACTERS
    if len(name) < least:
        raise InvalidTrailName(
            f"Trail name too short. Minimum allowed length: {least} characters. "
            f"Specified name length: {len(name)} characters."
        )
    if len(name) > most:
        raise InvalidTrailName(
            f"Trail name too long. Maximum allowed length: {most} characters. "
            f"Specified name length: {len(name)} characters."
        )
    if not _is_alphanumeric(name[0]):
        raise InvalidTrailName("Trail name must starts with a letter or number.")
    if not _is_alphanumeric(name[-1]):
        raise InvalidTrailName("Trail name must ends with a letter or number.")
    if not _NAME.fullmatch(name):
        raise InvalidTrailName(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
            "hyphens (-), and underscores (_)."
        )
    if _ADJACENT.search(name):
        raise InvalidTrailName("Trail name must not have adjacent periods, underscores, or dashes.")
    if _ADDRESS.fullmatch(name):
        raise InvalidTrailName("Trail name must not be in IP address format.")


def read_trail_id(text: str, account: str, region: str) -> TrailId:
    """The trail that a name or ARN means to a caller of `account` in `region`: a name is one at home there.

    Raises InvalidTrailName, InvalidTrailArn.
    """
    if not text.startswith("arn:"):
        check_trail_name(text)
        return TrailId(account, region, text)
    arn = parse_arn(text)
    kind, _, name = arn.resource.partition("/") if arn is not None else ("", "", "")
    if arn is None or (arn.partition, arn.service, kind) != ("aws", "cloudtrail", "trail"):
        raise InvalidTrailArn(f"{text} is not a valid trail ARN.")
    if not _ACCOUNT.fullmatch(arn.account) or not is_region(arn.region):
        raise InvalidTrailArn(f"{text} is not a valid trail ARN.")
    check_trail_name(name)
    return TrailId(arn.account, arn.region, name)


def check_bucket_name(name: str) -> None:
    """Raise InvalidBucketName where no bucket may be called so."""
    least, most = _BUCKET_CHARACTERS
    valid = (
        least <= len(name) <= most
        and _BUCKET.fullmatch(name)
        and not name.endswith("-")
        and "-." not in name
        and not _is_address(name)
    )
    if not valid:
        raise InvalidBucketName(f"Bucket name {name} is not valid.")


def check_prefix(prefix: str) -> None:
    """Raise InvalidPrefix where log files may not lie under it, or would lie elsewhere than their digests say."""
    if len(prefix) > limits.TRAIL_PREFIX_CHARACTERS:
        raise InvalidPrefix(f"The prefix is longer than {limits.TRAIL_PREFIX_CHARACTERS} characters.")
    if "AWSLogs/" in f"{prefix}/":
        raise InvalidPrefix("The prefix must not contain AWSLogs/.")
    if not _PATHLESS.isdisjoint(prefix.split("/")) or not prefix.isprintable():
        raise InvalidPrefix("The prefix must not begin or end with a slash, nor have //, . or .. in it.")


def topic_arn(name: str, account: str, region: str) -> str:
    """The ARN that a topic's name or ARN means. Raises InvalidTopicName."""
    arn = parse_arn(name)
    if arn is None:
        arn = Arn("sns", region, account, name)
    valid = (
        len(name) <= limits.TOPIC_CHARACTERS
        and arn.service == "sns"
        and _TOPIC.fullmatch(arn.resource)
        and _ACCOUNT.fullmatch(arn.account)
        and is_region(arn.region)
    )
    if not valid:
        raise InvalidTopicName(f"SNS topic name {name} is not valid.")
    return str(arn)


def is_region(text: str) -> bool:
    """Whether a Region may be called so."""
    return _REGION.fullmatch(text) is not None


def _is_alphanumeric(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
