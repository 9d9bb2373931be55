"""Finding digests: the folders of digests below a place, and the names in one of them, by chain and time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opentrail.clock import MICROSECONDS
from opentrail.errors import ClientError
from opentrail.logfile.keys import DIGEST_KIND, Chain, DigestKey
from opentrail.record.times import format_event_time
from opentrail.trails.validation.archive import LOGS, Archive

SEARCH_DEPTH = 8  # folders between a place and its AWSLogs/
SEARCH_FOLDERS = 5_000
END_SLACK_US = 3600 * MICROSECONDS  # a digest that ends up to an hour later covers files of the time asked
START_SLACK_US = 60 * MICROSECONDS

_ACCOUNT = re.compile(r"\d{12}/", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]+/", re.ASCII)


class TooManyFolders(ClientError):
    """The place holds too many folders to look for AWSLogs/ in all of them; name a place nearer to it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which chains are asked for; None: all. Times in microseconds since the epoch, both inclusive."""

    from_us: int | None
    to_us: int
    trail: str | None = None
    home_region: str | None = None
    account: str | None = None
    regions: frozenset[str] | None = None

    def has_time(self, end_us: int) -> bool:
        """Whether a digest that ends then is asked for."""
        return (self.from_us is None or end_us >= self.from_us) and end_us <= self.to_us + END_SLACK_US

    def has_trail(self, chain: Chain) -> bool:
        """Whether the trail of a chain is asked for."""
        return self.trail in (None, chain.trail) and self.home_region in (None, chain.home_region)


@dataclass(frozen=True, slots=True)
class DigestFolder:
    """`[PREFIX/]AWSLogs/[ORG/]ACCOUNT/CloudTrail-Digest/REGION/` of a bucket."""

    bucket: str
    path: str

    @property
    def region(self) -> str:
        """The Region of the events."""
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def account(self) -> str:
        """The account of the events."""
        return self.account_path.rstrip("/").rpartition("/")[2]

    @property
    def account_path(self) -> str:
        """The folder of the account, with a closing slash."""
        return self.path.split(f"{DIGEST_KIND}/")[0]


def digest_folders(archive: Archive, bucket: str, below: str, wanted: Wanted) -> Iterator[DigestFolder]:
    """The folders of digests below `below`, which is empty or ends in a slash, and may reach into `AWSLogs/`.

    Raises BucketFault, TooManyFolders.
    """
    for logs in _log_roots(archive, bucket, below):
        for account in _accounts(archive, bucket, logs):
            number = account.rstrip("/").rpartition("/")[2]
            if wanted.account not in (None, number) or not _meet(account, below):
                continue
            for path in archive.folders(bucket, f"{account}{DIGEST_KIND}/"):
                folder = DigestFolder(bucket, path)
                if _meet(path, below) and (wanted.regions is None or folder.region in wanted.regions):
                    yield folder


@dataclass(frozen=True, slots=True)
class Names:
    """Time and key of every digest asked for in a folder, by chain, oldest first."""

    by_chain: dict[Chain, list[tuple[int, str]]]
    other_trails: bool  # trails that are not asked for have digests here too


def digests_in(archive: Archive, folder: DigestFolder, wanted: Wanted) -> Names:
    """What a folder of digests holds, by the names of its files alone. Raises BucketFault."""
    after = ""
    if wanted.from_us is not None:
        day = format_event_time(max(0, wanted.from_us - START_SLACK_US))[:10].replace("-", "/")
        # A name that could stand there: SeaweedFS takes the bare name of a folder as the end of that folder.
        after = f"{folder.path}{day}/{folder.account}"
    last_day = format_event_time(wanted.to_us + END_SLACK_US)[:10].replace("-", "/")
    found: dict[Chain, list[tuple[int, str]]] = {}
    other_trails = False
    for listed in archive.list(folder.bucket, folder.path, after):
        if listed.key[len(folder.path) :][:10] > last_day:
            break
        key = DigestKey.parse(listed.key)
        if key is None or not wanted.has_time(key.end_us):
            continue
        if wanted.has_trail(key.chain):
            found.setdefault(key.chain, []).append((key.end_us, listed.key))
        else:
            other_trails = True
    for names in found.values():
        names.sort()
    return Names(found, other_trails)


def log_root(path: str) -> tuple[str, str] | None:
    """Where `AWSLogs/` stands in a path: what is before it, and the path from it on; None where it does not."""
    at = 0 if path.startswith(LOGS) else path.find(f"/{LOGS}") + 1
    return (path[:at], path[at:]) if at or path.startswith(LOGS) else None


def _log_roots(archive: Archive, bucket: str, below: str) -> Iterator[str]:
    root = log_root(below)
    if root is not None:
        yield root[0] + LOGS
        return
    waiting = [(below, 0)]
    looked = 0
    while waiting:
        path, depth = waiting.pop()
        looked += 1
        if looked > SEARCH_FOLDERS:
            raise TooManyFolders
        folders = list(archive.folders(bucket, path))
        if path + LOGS in folders:
            yield path + LOGS
        if depth < SEARCH_DEPTH:
            waiting.extend((folder, depth + 1) for folder in reversed(folders) if folder != path + LOGS)


def _accounts(archive: Archive, bucket: str, logs: str) -> Iterator[str]:
    for folder in archive.folders(bucket, logs):
        name = folder[len(logs) :]
        if _ACCOUNT.fullmatch(name):
            yield folder
        elif _ORGANIZATION.fullmatch(name):
            for account in archive.folders(bucket, folder):
                if _ACCOUNT.fullmatch(account[len(folder) :]):
                    yield account


def _meet(folder: str, below: str) -> bool:
    return folder.startswith(below) or below.startswith(folder)
