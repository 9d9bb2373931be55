"""From what the user names, a bucket, a folder or a trail, to the archives and folders of digests in it."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.exceptions import ClientError as RefusedByAws

from opentrail.errors import ClientError, Unavailable
from opentrail.objects.bucket import Bucket
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import READ_TIMEOUT_SECONDS, S3_ERRORS, S3Access, connect, fault_of
from opentrail.objects.s3_plain_get import PlainGet, Signer, can_be_plain
from opentrail.trails.validation.archive import Archive, FolderArchive, S3Archive
from opentrail.trails.validation.discovery import DigestFolder, Wanted, digest_folders, log_root
from opentrail.wire.signing import Credentials, sign

US_EAST_1 = "us-east-1"
GLOBAL = "aws-global"  # botocore's Region of S3 where none is set
UNSIGNED = "UNSIGNED-PAYLOAD"

_TRAIL = re.compile(r"arn:[^:]+:cloudtrail:(?P<region>[^:]+):(?P<account>\d{12}):trail/(?P<name>.+)", re.ASCII)


class BadTrailArn(ClientError):
    """The trail's ARN is not of the form arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME."""


class NoSuchTrail(ClientError):
    """The endpoint knows no trail of this ARN; with --s3-bucket it need not be asked."""


class NoSuchPlace(ClientError):
    """There is no such folder."""


class TrailsUnavailable(Unavailable):
    """DescribeTrails was not answered; with --s3-bucket it need not be asked."""


@dataclass(frozen=True, slots=True)
class TrailName:
    """What an ARN says of a trail."""

    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> "TrailName":
        """Raises BadTrailArn."""
        match = _TRAIL.fullmatch(arn)
        if match is None:
            raise BadTrailArn(f"Invalid trail ARN provided: {arn}")
        return cls(match["region"], match["account"], match["name"].rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Described:
    """What DescribeTrails says of where a trail delivers."""

    bucket: str
    prefix: str
    organization: bool


def describe_trail(arn: str, region: str, endpoint_url: str | None) -> Described:
    """Ask the endpoint for the trail. Raises NoSuchTrail, TrailsUnavailable, Unreachable."""
    client = connect(S3Access(endpoint_url, region), service="cloudtrail")
    try:
        trails = client.describe_trails()["trailList"]
    except (RefusedByAws, BotoCoreError, HTTPClientError) as error:
        raise TrailsUnavailable(f"The trail cannot be looked up: {error}") from error
    for trail in trails:
        if trail.get("TrailARN") == arn:
            organization = bool(trail.get("IsOrganizationTrail"))
            return Described(trail["S3BucketName"], trail.get("S3KeyPrefix") or "", organization)
    raise NoSuchTrail(f"There is no trail {arn} in {region}.")


@dataclass(frozen=True, slots=True)
class Ground:
    """An archive, and where in it to look. `bucket` is empty for a copy in a folder."""

    archive: Archive
    bucket: str
    below: str

    def folders(self, wanted: Wanted) -> Iterator[DigestFolder]:
        """The folders of digests. Raises BucketFault, TooManyFolders."""
        return digest_folders(self.archive, self.bucket, self.below, wanted)


@contextmanager
def buckets(endpoint_url: str | None, connections: int) -> Iterator[Callable[[str], Bucket]]:
    """What opens a bucket by its name, in the bucket's own Region, to be read by so many threads at once.

    It raises NoSuchBucket and other faults where AWS does not tell the bucket's Region. Connections end with the block.
    """
    first = connect(S3Access(endpoint_url), connections=connections)
    clients: dict[str, Any] = {first.meta.region_name: first}
    by_hand: list[PlainGet] = []

    def opened(name: str) -> Bucket:
        region = first.meta.region_name if endpoint_url is not None else _region_of(first, name)
        if region not in clients:
            clients[region] = connect(S3Access(endpoint_url, region), connections=connections)
        client = clients[region]
        plain = can_be_plain(client.meta.endpoint_url)
        signer = _signer(US_EAST_1 if region == GLOBAL else region) if plain else None
        if signer is None:
            return S3Bucket(name, client=client)
        by_hand.append(PlainGet(client.meta.endpoint_url, signer, READ_TIMEOUT_SECONDS))
        return S3Bucket(name, client=client, plain_get=by_hand[-1])

    try:
        yield opened
    finally:
        for plain_get in by_hand:
            plain_get.close()
        for client in clients.values():
            client.close()


def _region_of(client: Any, bucket: str) -> str:
    try:
        location = client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    except S3_ERRORS as error:
        raise fault_of(error, f"s3://{bucket} cannot be located") from error
    # The first Regions have names of their own there.
    if location == "EU":
        return "eu-west-1"
    return str(location) if location else US_EAST_1


def _signer(region: str) -> Signer | None:
    """Signs with the credentials that boto3 finds, fresh ones each time where they are renewed; None without any."""
    credentials = boto3.session.Session().get_credentials()
    if credentials is None:
        return None

    def signed(host: str, path: str, now: datetime) -> Mapping[str, str]:
        frozen = credentials.get_frozen_credentials()
        ours = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        return dict(sign("GET", host, path, "", (), UNSIGNED, ours, region, "s3", now))

    return signed


def in_s3(archive: S3Archive, bucket: str, prefix: str) -> Ground:
    """A bucket, or what lies below a prefix of it, which may reach into AWSLogs/."""
    return Ground(archive, bucket, _folder(prefix))


def in_folder(place: Path, wanted: Wanted, bucket: str | None, prefix: str | None) -> list[Ground]:
    """Every AWSLogs/ below a folder, or the one that the folder lies in; each is a copy of its own.

    `bucket` and `prefix`: what its digests must name. Raises NoSuchPlace, BucketFault, TooManyFolders.
    """
    place = place.expanduser().absolute()
    if not place.is_dir():
        raise NoSuchPlace(f"There is no folder {place}.")
    path = _folder(str(place))
    inside = log_root(path)
    root, below = inside if inside is not None else (path, "")
    folder = DirectoryBucket(Path(root))
    bases: dict[str, None] = {}
    for found in digest_folders(FolderArchive(folder, ""), "", below, wanted):
        bases[_base(found.path)] = None
    return [Ground(FolderArchive(folder, base, bucket, prefix), "", below or f"{base}AWSLogs/") for base in bases]


def _base(path: str) -> str:
    root = log_root(path)
    return root[0] if root is not None else ""


def _folder(path: str) -> str:
    return f"{path.strip('/') if not path.startswith('/') else path.rstrip('/')}/" if path.strip("/") else ""
