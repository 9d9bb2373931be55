"""What an import names: bucket, prefix, role and range of time; which prefixes and files are meant by it.

As at AWS, of a bucket in CloudTrail's layout the folders named `CloudTrail` are meant, unless the URI itself leads into
another one; digests never. A range of time is held against the dates of folders and file names first: a folder or file
whose date lies outside of it is not opened, although it may hold events of the day before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from opentrail.arn import parse_arn
from opentrail.catalog.lake_imports import ImportRequest
from opentrail.clock import MICROSECONDS
from opentrail.lake.import_faults import InvalidImportSource
from opentrail.logfile.keys import DIGEST_KIND, LogFileKey
from opentrail.objects.bucket import Bucket

_URI: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
_ROLE: Final = re.compile(r"role/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]{1,64})", re.ASCII)
_ACCOUNT: Final = re.compile(r"(?:\d{12}|o-[a-z0-9]{4,32})/", re.ASCII)
_URI_CHARACTERS: Final = 1024
_LOGS: Final = "AWSLogs/"
_KIND: Final = "CloudTrail/"
_WHERE: Final = re.compile(
    r"(?:.*/)?AWSLogs/(?P<organization>o-[a-z0-9]{4,32}/)?"
    r"(?:(?P<account>\d{12}/)(?:(?P<kind>CloudTrail(?:-[A-Za-z]+)?/)(?:(?P<region>[a-z0-9-]+/)(?P<date>(?:\d+/){0,3}))?)?)?",
    re.ASCII | re.DOTALL,
)
_DAY_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Where the files lie. `prefix` is empty or ends in a slash."""

    bucket: str
    prefix: str
    region: str
    role_arn: str
    role_name: str

    @classmethod
    def read(cls, uri: str, region: str, role_arn: str, account: str) -> "Source":
        """What a request names, for a store of `account`. Raises InvalidImportSource."""
        found = _URI.fullmatch(uri)
        if found is None or len(uri) > _URI_CHARACTERS or ".." in found[1]:
            raise InvalidImportSource(f"S3LocationUri {uri[:_URI_CHARACTERS]} is not of the form s3://bucket/prefix/.")
        if not _REGION.fullmatch(region):
            raise InvalidImportSource(f"S3BucketRegion {region[:64]} is not a Region.")
        arn = parse_arn(role_arn)
        role = _ROLE.fullmatch(arn.resource) if arn is not None else None
        if arn is None or role is None or arn.service != "iam" or arn.account != account:
            raise InvalidImportSource("S3BucketAccessRoleArn is not the ARN of a role in the store's account.")
        prefix = found[2] or ""
        return cls(found[1], prefix + "/" if prefix and not prefix.endswith("/") else prefix, region, role_arn, role[1])

    @staticmethod
    def bucket_of(uri: str) -> str:
        """The URL of the bucket of an URI that was read before, with a closing slash."""
        found = _URI.fullmatch(uri)
        return f"s3://{found[1]}/" if found is not None else uri


@dataclass(frozen=True, slots=True)
class Dates:
    """A range of days, UTC, both included; None where it is open."""

    first: date | None
    last: date | None

    @classmethod
    def of(cls, request: ImportRequest) -> "Dates":
        """The days of the range of time that a request names."""
        return cls(_day(request.start_us), _day(request.end_us))

    def has_file(self, key: str) -> bool:
        """Whether the date in a log file's name lies in the range; what has no such name does."""
        named = LogFileKey.parse(key)
        return named is None or self.overlaps(*_days_of(_day(named.at_us)))

    def overlaps(self, first: date, last: date) -> bool:
        """Whether some day from `first` to `last` lies in the range."""
        return (self.last is None or first <= self.last) and (self.first is None or last >= self.first)


def prefixes(bucket: Bucket, below: str, dates: Dates) -> Iterator[str]:
    """The folders whose files are to be imported, in order; each ends in a slash, but for the empty one of a bucket.

    In CloudTrail's layout these are the folders of days; elsewhere `below` itself. Raises BucketFault.
    """
    where = _WHERE.fullmatch(below)
    if where is None:
        folders = list(bucket.folders(below))
        if below + _LOGS in folders:
            yield from prefixes(bucket, below + _LOGS, dates)
        else:
            yield below
        return
    if where["region"] is not None:
        yield from _days(bucket, below, where["date"], dates)
        return
    for folder in bucket.folders(below):
        name = folder[len(below) :]
        if where["kind"] is not None or (name == _KIND if where["account"] is not None else _ACCOUNT.fullmatch(name)):
            yield from prefixes(bucket, folder, dates)


def is_digest(key: str) -> bool:
    """Whether a file is a digest, which has no events."""
    return f"/{DIGEST_KIND}/" in f"/{key}" or f"_{DIGEST_KIND}_" in key.rpartition("/")[2]


def _days(bucket: Bucket, below: str, told: str, dates: Dates) -> Iterator[str]:
    """The folders of days below one of a Region, year or month; `below` itself where it has no such folders."""
    parts = [part for part in told.split("/") if part]
    covered = _covered(parts)
    if covered is not None and not dates.overlaps(*covered):
        return
    folders = list(bucket.folders(below)) if len(parts) < _DAY_PARTS else []
    if not folders:
        yield below
    for folder in folders:
        name = folder[len(below) : -1]
        if name.isdecimal():
            yield from _days(bucket, folder, f"{told}{name}/", dates)
        else:
            yield folder


def _covered(parts: list[str]) -> tuple[date, date] | None:
    """The days of a year, month or day; None where there is no such one, so that its files speak for themselves."""
    try:
        year, month, day = [*map(int, parts), None, None, None][:3]
        if year is None:
            return None
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        if day is None:
            following = date(year + month // 12, month % 12 + 1, 1)
            return date(year, month, 1), date.fromordinal(following.toordinal() - 1)
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return None


def _day(us: int | None) -> date | None:
    return None if us is None else datetime.fromtimestamp(us / MICROSECONDS, UTC).date()


def _days_of(day: date | None) -> tuple[date, date]:
    return (day, day) if day is not None else (date.min, date.max)
