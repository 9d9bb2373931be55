"""`opentrail validate`: proves log files by their signed digests, or names what was touched."""

import dataclasses
import gc
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from opentrail.clock import Clock, SystemClock
from opentrail.errors import ClientError, OpenTrailError
from opentrail.objects.bucket import Bucket
from opentrail.record.times import format_event_time
from opentrail.server.commands.terminal import visible
from opentrail.server.commands.time_option import parse_time
from opentrail.server.commands.validate_output import output, print_summary
from opentrail.trails.validation.archive import S3Archive
from opentrail.trails.validation.discovery import Wanted
from opentrail.trails.validation.places import Ground, TrailName, buckets, describe_trail, in_folder, in_s3
from opentrail.trails.validation.public_keys import EndpointKeys, KeyBook, ListedKeys
from opentrail.trails.validation.tally import COULD_NOT_GO_ON, Tally
from opentrail.trails.validation.validation import Validation

S3_SCHEME = "s3://"
FILE_SCHEME = "file://"
S3_THREADS = 48


class NothingAsked(ClientError):
    """Name a place (s3://bucket/prefix or a folder), or a trail with --trail-arn."""


class BadKeyFile(ClientError):
    """The file of public keys cannot be read."""


def validate_command(
    place: Annotated[
        str | None, typer.Argument(metavar="[PLACE]", help="s3://bucket/prefix or a folder: all trails found there.")
    ] = None,
    trail_arn: Annotated[str | None, typer.Option(help="This trail alone; without PLACE, where it delivers.")] = None,
    start_time: Annotated[str | None, typer.Option(help="From when: 2026-03-04T10:15:31Z, a date, 7d.")] = None,
    end_time: Annotated[str | None, typer.Option(help="Until when; now, if not given.")] = None,
    s3_bucket: Annotated[str | None, typer.Option(help="The trail's bucket, in place of asking for it.")] = None,
    s3_prefix: Annotated[str | None, typer.Option(help="The trail's prefix in that bucket.")] = None,
    account_id: Annotated[str | None, typer.Option(help="This account's files alone.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Files of this Region alone; may be repeated.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Name valid files too.")] = False,
    public_keys: Annotated[
        Path | None, typer.Option(help="Public keys: what `aws cloudtrail list-public-keys` printed.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Take the public keys from this data folder.")] = None,
    endpoint_url: Annotated[str | None, typer.Option(help="Endpoint of S3 and CloudTrail, if not AWS's own.")] = None,
    orphans: Annotated[bool, typer.Option(help="Look for log files that no digest names.")] = True,
    threads: Annotated[int | None, typer.Option(min=1, max=256, help="Files looked at together.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Prove log files by their signed digest files, as `aws cloudtrail validate-logs` does, and find more.

    Exit status: 0 all valid; 1 something is invalid, missing, or named by no digest; 3 not all could be judged.
    """
    clock = SystemClock()
    try:
        wanted = _wanted(trail_arn, start_time, end_time, account_id, region, clock)
        with ExitStack() as closing:
            if place is None or place.lower().startswith(S3_SCHEME):
                count = threads or S3_THREADS
                opened = closing.enter_context(buckets(endpoint_url, count))
                name, wanted, grounds = _in_s3(place, trail_arn, wanted, s3_bucket, s3_prefix, endpoint_url, opened)
            else:
                count = threads or (os.cpu_count() or 1)
                name = place.removeprefix(FILE_SCHEME)
                grounds = in_folder(Path(name), wanted, s3_bucket, s3_prefix)
            tally = Tally(wanted.from_us, wanted.to_us)
            if not as_json:
                since = format_event_time(wanted.from_us) if wanted.from_us is not None else "the beginning"
                subject = f"for trail {trail_arn}" if trail_arn is not None else f"in {visible(name)}"
                typer.echo(f"Validating log files {subject} between {since} and {format_event_time(wanted.to_us)}\n")
            key_book = _key_book(public_keys, data_dir, endpoint_url)
            gc.freeze()  # what is loaded by now stays: looking through it again and again took a tenth of the time
            shown = closing.enter_context(output(verbose=verbose, silent=as_json))
            for ground in grounds:
                run = Validation(ground.archive, key_book, wanted, shown, tally, clock.now_us())
                run.run(ground.folders(wanted), count, seek_orphans=orphans)
    except OpenTrailError as failure:
        typer.echo(f"opentrail: {visible(failure.message)}", err=True)
        raise typer.Exit(COULD_NOT_GO_ON) from failure
    except KeyboardInterrupt:
        typer.echo("Interrupted; nothing was proved.", err=True)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(msgspec.json.encode(tally.as_json(name)).decode())
    else:
        print_summary(tally)
    raise typer.Exit(tally.exit_status)


def _wanted(
    trail_arn: str | None,
    start_time: str | None,
    end_time: str | None,
    account_id: str | None,
    regions: list[str] | None,
    clock: Clock,
) -> Wanted:
    trail = TrailName.parse(trail_arn) if trail_arn is not None else None
    wanted = Wanted(
        from_us=parse_time(start_time, clock) if start_time is not None else None,
        to_us=parse_time(end_time, clock, end_of_day=True) if end_time is not None else clock.now_us(),
        trail=trail.name if trail is not None else None,
        home_region=trail.region if trail is not None else None,
        account=account_id,
        regions=frozenset(regions) if regions else None,
    )
    if wanted.from_us is not None and wanted.from_us > wanted.to_us:
        raise ClientError("Invalid time range specified: start-time must occur before end-time")
    return wanted


def _in_s3(
    place: str | None,
    trail_arn: str | None,
    wanted: Wanted,
    bucket: str | None,
    prefix: str | None,
    endpoint_url: str | None,
    opened: Callable[[str], Bucket],
) -> tuple[str, Wanted, list[Ground]]:
    """The place's name, what is wanted of it, and where to look. Raises NothingAsked, and what asking raises."""
    if place is not None:
        bucket, _, prefix = place[len(S3_SCHEME) :].partition("/")
    elif trail_arn is not None:
        trail = TrailName.parse(trail_arn)
        organization = False
        if bucket is None:
            described = describe_trail(trail_arn, trail.region, endpoint_url)
            bucket, prefix, organization = described.bucket, described.prefix, described.organization
        if wanted.account is None and not organization:
            wanted = dataclasses.replace(wanted, account=trail.account)
    if not bucket:
        raise NothingAsked
    archive = S3Archive(opened)
    return f"{S3_SCHEME}{bucket}/{prefix or ''}", wanted, [in_s3(archive, bucket, prefix or "")]


def _key_book(file: Path | None, data_dir: Path | None, endpoint_url: str | None) -> KeyBook:
    if file is not None:
        try:
            return ListedKeys.read(file.read_bytes())
        except OSError as error:
            raise BadKeyFile(f"{file} cannot be read: {error.strerror}") from error
    if data_dir is not None:
        # Most runs need no catalog, and loading it takes as long as validating a thousand files.
        from opentrail.catalog.database import open_catalog  # noqa: PLC0415
        from opentrail.server.data_folder import DataFolder  # noqa: PLC0415
        from opentrail.trails.validation.catalog_keys import CatalogKeys  # noqa: PLC0415

        return CatalogKeys(open_catalog(DataFolder.resolve(data_dir).catalog))
    return EndpointKeys.at(endpoint_url)
