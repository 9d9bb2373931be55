"""Names of log files and digest files: built, and read again.

    [PREFIX/]AWSLogs/[ORG/]ACCOUNT/KIND/REGION/YYYY/MM/DD/ACCOUNT_KIND_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz
    [PREFIX/]AWSLogs/[ORG/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/
        ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_YYYYMMDDTHHmmssZ[_backfill].json.gz

ACCOUNT and REGION are those of the events, HOME is the Region in the trail's ARN, ORG (`o-...`) is there for
organization trails alone. Times are UTC: of a log file the minute of its delivery, of a digest its `digestEndTime`;
the date folders hold the same date. UNIQUE is 16 letters and digits. The AWS CLI takes a digest's time from the end
of its name by position, and never reads the name of a log file.
"""

import re
import string
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from opentrail.clock import MICROSECONDS

UNIQUE_CHARACTERS = string.ascii_letters + string.digits
UNIQUE_LENGTH = 16
DIGEST_KIND = "CloudTrail-Digest"

_PLACE = r"(?:(?P<prefix>.+)/)?AWSLogs/(?:(?P<organization>o-[a-z0-9]{4,32})/)?(?P<account>\d{12})/"
_DAY = r"(?P<region>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/(?P=account)_"
_LOG_FILE = re.compile(
    _PLACE + r"(?P<kind>CloudTrail(?:-Insight|-NetworkActivity|-Aggregated)?)/" + _DAY + r"(?P=kind)_(?P=region)_"
    r"(?P<time>\d{8}T\d{4}Z)_(?P<unique>[A-Za-z0-9]+)\.json\.gz",
    re.ASCII | re.DOTALL,
)
_DIGEST = re.compile(
    _PLACE + r"CloudTrail-Digest/" + _DAY + r"CloudTrail-Digest_(?P=region)_(?P<trail>[A-Za-z0-9._-]+)_"
    r"(?P<home>[a-z0-9-]+)_(?P<time>\d{8}T\d{6}Z)(?P<backfill>_backfill)?\.json\.gz",
    re.ASCII | re.DOTALL,
)
_ACCOUNT = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(\d{12})/|(?:^|/)(\d{12})_CloudTrail", re.ASCII)


class Kind(StrEnum):
    """What a log file holds; the name of its folder and part of its own."""

    CLOUDTRAIL = "CloudTrail"  # management and data events
    INSIGHT = "CloudTrail-Insight"
    NETWORK_ACTIVITY = "CloudTrail-NetworkActivity"
    AGGREGATED = "CloudTrail-Aggregated"


@dataclass(frozen=True, slots=True)
class LogFileKey:
    """The name of a log file. `at_us`: its delivery, microseconds since the epoch; the name keeps the whole minute."""

    account: str
    region: str
    at_us: int
    unique: str
    kind: Kind = Kind.CLOUDTRAIL
    prefix: str = ""
    organization: str = ""

    def __str__(self) -> str:
        day, time = _day_and_time(self.at_us, "%Y%m%dT%H%MZ")
        folder = f"{account_folder(self.prefix, self.organization, self.account)}{self.kind}/{self.region}/{day}/"
        return f"{folder}{self.account}_{self.kind}_{self.region}_{time}_{self.unique}.json.gz"

    @classmethod
    def parse(cls, key: str) -> "LogFileKey | None":
        """The parts of `key`, or None where it is no log file's name."""
        match = _LOG_FILE.fullmatch(key)
        at_us = _read_time(match, "%Y%m%dT%H%MZ") if match is not None else None
        if match is None or at_us is None:
            return None
        return cls(
            account=match["account"],
            region=match["region"],
            at_us=at_us,
            unique=match["unique"],
            kind=Kind(match["kind"]),
            prefix=match["prefix"] or "",
            organization=match["organization"] or "",
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose digests follow one upon the other: those of one trail for one account and Region, late ones apart."""

    account: str
    region: str
    trail: str
    home_region: str
    prefix: str = ""
    organization: str = ""
    backfill: bool = False

    @property
    def folder(self) -> str:
        """Where the digests of the account and Region lie, with a closing slash; other trails' may lie there too."""
        return f"{account_folder(self.prefix, self.organization, self.account)}{DIGEST_KIND}/{self.region}/"

    def key_at(self, end_us: int) -> "DigestKey":
        """The digest of this chain that ends at `end_us`."""
        return DigestKey(self, end_us)

    def of_backfill(self) -> "Chain":
        """The chain of digests for files that came late to this one."""
        return replace(self, backfill=True)


@dataclass(frozen=True, slots=True)
class DigestKey:
    """The name of a digest file. `end_us`: its `digestEndTime`, whole seconds in microseconds since the epoch."""

    chain: Chain
    end_us: int

    def __str__(self) -> str:
        chain = self.chain
        day, time = _day_and_time(self.end_us, "%Y%m%dT%H%M%SZ")
        name = f"{chain.account}_{DIGEST_KIND}_{chain.region}_{chain.trail}_{chain.home_region}_{time}"
        return f"{chain.folder}{day}/{name}{'_backfill' if chain.backfill else ''}.json.gz"

    @classmethod
    def parse(cls, key: str) -> "DigestKey | None":
        """The parts of `key`, or None where it is no digest's name."""
        match = _DIGEST.fullmatch(key)
        end_us = _read_time(match, "%Y%m%dT%H%M%SZ") if match is not None else None
        if match is None or end_us is None:
            return None
        chain = Chain(
            account=match["account"],
            region=match["region"],
            trail=match["trail"],
            home_region=match["home"],
            prefix=match["prefix"] or "",
            organization=match["organization"] or "",
            backfill=match["backfill"] is not None,
        )
        return cls(chain, end_us)


def account_in(key: str) -> str:
    """The account that a file's place or name tells, also where the rest is not as it should be; else empty."""
    match = _ACCOUNT.search(key)
    return (match[1] or match[2]) if match is not None else ""


def account_folder(prefix: str, organization: str, account: str) -> str:
    """Where an account's files lie in a bucket, with a closing slash."""
    return "".join(f"{part}/" for part in (prefix, "AWSLogs", organization, account) if part)


def _day_and_time(us: int, form: str) -> tuple[str, str]:
    moment = datetime.fromtimestamp(us // MICROSECONDS, UTC)
    return moment.strftime("%Y/%m/%d"), moment.strftime(form)


def _read_time(match: re.Match[str], form: str) -> int | None:
    """None where the digits are no time. A name whose date folder holds another date is still a name."""
    try:
        moment = datetime.strptime(match["time"], form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * MICROSECONDS
