"""What `opentrail validate` shows: lines as they are found, a bar on a terminal, the summary at the end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from opentrail.record.times import format_event_time
from opentrail.server.commands.terminal import visible
from opentrail.trails.validation.chain import JudgedDigest
from opentrail.trails.validation.discovery import DigestFolder
from opentrail.trails.validation.findings import Finding, Kind, Weight, digest_line, log_file_line
from opentrail.trails.validation.log_files import JudgedLogFile
from opentrail.trails.validation.tally import Counts, Tally
from opentrail.trails.validation.validation import Outcome

REFRESH_A_SECOND = 5


class Output:
    """Tells problems on standard error as they come; with `verbose` also what is valid, on standard output."""

    def __init__(self, *, verbose: bool, silent: bool, bar: Progress | None) -> None:
        self._verbose = verbose
        self._silent = silent
        self._bar = bar
        self._task = bar.add_task("looking for digest files", total=None) if bar is not None else None
        self._digests = 0
        self._files = 0

    def expect(self, folder: DigestFolder, digests: int) -> None:
        """Another folder begins."""
        self._digests = 0
        if self._bar is not None and self._task is not None:
            text = visible(f"{folder.account} {folder.region}")
            self._bar.update(self._task, total=digests, completed=0, description=text)

    def outcome(self, outcome: Outcome) -> None:
        """Show what was found; a file that is valid is shown to whom asked for it."""
        finding = outcome if isinstance(outcome, Finding) else outcome.finding
        if finding is not None:
            self._show(finding)
        if not isinstance(outcome, Finding):
            if self._verbose and (finding is None or finding.kind.weight is Weight.NOTICE):
                self._line(_valid_line(outcome), err=False)
            self._count(is_digest=isinstance(outcome, JudgedDigest))

    def _show(self, finding: Finding) -> None:
        if finding.kind is Kind.NOT_YET_COVERED and not self._verbose:
            return
        detail = f"\n  {visible(finding.detail)}" if finding.detail is not None else ""
        text = "\t".join(visible(part) for part in finding.text.split("\t"))
        self._line(f"{text}{detail}", err=True)

    def _line(self, text: str, *, err: bool) -> None:
        if self._silent:
            return
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(text, err=err)

    def _count(self, *, is_digest: bool) -> None:
        self._digests += is_digest
        self._files += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._digests)


@contextmanager
def output(*, verbose: bool, silent: bool) -> Iterator[Output]:
    """With a bar where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield Output(verbose=verbose, silent=silent, bar=None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=REFRESH_A_SECOND) as bar:
        yield Output(verbose=verbose, silent=silent, bar=bar)


def print_summary(tally: Tally) -> None:
    """What was asked for, what was found, and how much of it is valid; first lines as the AWS CLI has them."""
    found = tally.found
    from_us = tally.from_us if tally.from_us is not None else (found[0] if found is not None else None)
    start = format_event_time(from_us) if from_us is not None else "the beginning"
    typer.echo(f"\nResults requested for {start} to {format_event_time(tally.to_us)}")
    if not sum(chain.digests.total for chain in tally.chains):
        typer.echo("No digests found")
        return
    if found is None:
        typer.echo("No valid digests found in range")
    else:
        typer.echo(f"Results found for {format_event_time(found[0])} to {format_event_time(found[1])}:")
    typer.echo()
    _ratio(tally.digests(backfill=False), "digest")
    _ratio(tally.digests(backfill=True), "backfill digest")
    _ratio(tally.log_files, "log")
    for kind, one, many in (
        (Kind.ORPHAN, "log file that no valid digest file names", "log files that no valid digest file names"),
        (Kind.GAP_MISSING, "gap left by missing digest files", "gaps left by missing digest files"),
        (Kind.GAP_STOPPED, "gap in which logging or validation was off", "gaps in which logging or validation was off"),
        (Kind.NOT_YET_COVERED, "log file not covered yet", "log files not covered yet"),
        (Kind.UNREADABLE, "file could not be read", "files could not be read"),
    ):
        if tally.kinds[kind]:
            typer.echo(f"{tally.kinds[kind]} {one if tally.kinds[kind] == 1 else many}")
    if len(tally.chains) > 1:
        _chains(tally)
    if not tally.weight(Weight.PROBLEM) and tally.weight(Weight.UNJUDGED):
        typer.echo("Not everything could be judged.", err=True)


def _valid_line(judged: JudgedDigest | JudgedLogFile) -> str:
    if isinstance(judged, JudgedDigest):
        return digest_line(judged.chain, judged.url, "valid")
    return log_file_line(judged.url, "valid")


def _ratio(counts: Counts, name: str) -> None:
    if counts.total:
        invalid = f", {counts.invalid}/{counts.total} {name} files INVALID" if counts.invalid else ""
        typer.echo(f"{counts.valid}/{counts.total} {name} files valid{invalid}")


def _chains(tally: Tally) -> None:
    typer.echo("\nAccount       Region          Trail                     Digest files   Log files")
    for one in tally.chains:
        chain = one.chain
        trail = visible(chain.trail, 24) + (" (backfill)" if chain.backfill else "")
        digests, logs = (f"{counts.valid}/{counts.total}" for counts in (one.digests, one.log_files))
        typer.echo(f"{chain.account:13} {chain.region:15} {trail:25} {digests:>12} {logs:>11}")
