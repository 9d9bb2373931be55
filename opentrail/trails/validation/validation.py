"""The run: every folder of digests one after the other, files of a folder by several threads, memory bounded.

What is held at a time: the names of one folder's digests, a window of files under way, 8 bytes for each log file that
the folder's digests name, and the findings.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Protocol

from opentrail.clock import MICROSECONDS
from opentrail.logfile.digest import LogFileEntry
from opentrail.logfile.keys import Chain
from opentrail.record.times import format_event_time
from opentrail.trails.validation.archive import Archive
from opentrail.trails.validation.chain import ChainWalk, JudgedDigest, Spans, add_span
from opentrail.trails.validation.digest_reading import ReadDigest, read_digest
from opentrail.trails.validation.discovery import DigestFolder, Wanted, digests_in
from opentrail.trails.validation.findings import Finding, Kind, about_file
from opentrail.trails.validation.log_files import JudgedLogFile, judge_log_file
from opentrail.trails.validation.orphans import NamedFiles, orphans
from opentrail.trails.validation.pipeline import ordered
from opentrail.trails.validation.public_keys import KeyBook, Keys
from opentrail.trails.validation.tally import Tally

WINDOW_A_THREAD = 4  # files under way or done, for each thread
KEYS_AFTER_US = 2 * 3600 * MICROSECONDS  # how long after the end of the time asked a digest may be signed
KEYS_BEFORE_US = 24 * 3600 * MICROSECONDS  # before the first digest, where no start was asked for
SILENCE = 2  # usual intervals without a digest before the end of the time asked, to be told

Outcome = JudgedDigest | JudgedLogFile | Finding


class Observer(Protocol):
    """Who is told as it goes on."""

    def expect(self, folder: DigestFolder, digests: int) -> None:
        """A folder with so many digests comes next."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """A file was judged, or something found."""
        ...


class Validation:
    """One run over an archive."""

    def __init__(
        self, archive: Archive, key_book: KeyBook, wanted: Wanted, observer: Observer, tally: Tally, now_us: int
    ) -> None:
        self._archive = archive
        self._key_book = key_book
        self._wanted = wanted
        self._observer = observer
        self._tally = tally
        self._now_us = now_us

    def run(self, folders: Iterable[DigestFolder], threads: int, *, seek_orphans: bool) -> None:
        """Validate every folder. Raises Unreachable, TimedOut, KeysUnavailable, and faults of listings."""
        with ThreadPoolExecutor(threads, "validate") as executor:
            for folder in folders:
                self._folder(folder, _Work(executor, threads * WINDOW_A_THREAD), seek_orphans=seek_orphans)

    def _folder(self, folder: DigestFolder, work: "_Work", *, seek_orphans: bool) -> None:
        names = digests_in(self._archive, folder, self._wanted)
        if not names.by_chain:
            return
        self._observer.expect(folder, sum(map(len, names.by_chain.values())))
        named = NamedFiles()
        spans: Spans = []
        for chain in sorted(names.by_chain, key=lambda chain: (chain.trail, chain.home_region, chain.backfill)):
            found = names.by_chain[chain]
            keys = self._keys(chain, found[0][0])
            if keys is None:
                continue
            walk = self._walk(folder, chain, found, keys, named, work)
            self._tally.chain(chain, folder.bucket).covered = walk.covered
            if not chain.backfill:
                spans += walk.covered
                self._tell_silence(chain, walk.covered)
        if not seek_orphans:
            return
        if names.other_trails:
            text = f"Log files that no digest names were not sought in {folder.account_path} for {folder.region}"
            detail = "digests of other trails lie there, which were not read: name the place instead of the trail"
            self._tell(Finding(Kind.ORPHANS_NOT_SOUGHT, text, None, None, detail))
            return
        covered: Spans = []
        for span in sorted(spans):
            add_span(covered, span)
        self._orphans(folder, covered, named)

    def _walk(
        self,
        folder: DigestFolder,
        chain: Chain,
        found: list[tuple[int, str]],
        keys: Keys,
        named: NamedFiles,
        work: "_Work",
    ) -> ChainWalk:
        archive = self._archive

        def reads(bucket: str, names: list[tuple[int, str]]) -> Iterator[ReadDigest]:
            return ordered(
                work.threads, work.window, lambda name: read_digest(archive, bucket, name[1], chain, name[0]), names
            )

        def elsewhere(bucket: str, other: Chain, until_us: int) -> Iterator[ReadDigest]:
            names = digests_in(archive, DigestFolder(bucket, other.folder), self._wanted).by_chain.get(other, [])
            return reads(bucket, [name for name in names if name[0] <= until_us])

        walk = ChainWalk(archive, keys, chain, self._wanted.from_us, elsewhere)

        def asked() -> Iterator[JudgedDigest | Finding | LogFileEntry]:
            for event in walk.walk(reads(folder.bucket, found)):
                yield event
                if isinstance(event, JudgedDigest) and event.digest is not None:
                    for entry in event.digest.log_files:
                        named.add(archive.url(entry.s3_bucket, entry.s3_object))
                        yield entry

        def judge(one: JudgedDigest | Finding | LogFileEntry) -> Outcome:
            return judge_log_file(archive, chain, one) if isinstance(one, LogFileEntry) else one

        for outcome in ordered(work.threads, work.window, judge, asked()):
            if isinstance(outcome, JudgedDigest):
                self._tally.add_digest(outcome, folder.bucket)
            elif isinstance(outcome, JudgedLogFile):
                self._tally.add_log_file(outcome, folder.bucket)
            self._tell(outcome)
        return walk

    def _keys(self, chain: Chain, first_us: int) -> Keys | None:
        wanted = self._wanted
        from_us = wanted.from_us if wanted.from_us is not None else max(0, first_us - KEYS_BEFORE_US)
        to_us = (max(wanted.to_us, self._now_us) if chain.backfill else wanted.to_us) + KEYS_AFTER_US
        keys = self._key_book.keys(chain.region, from_us, to_us)
        if keys:
            return keys
        times = f"between {format_event_time(from_us)} and {format_event_time(to_us)}"
        text = f"No public keys found {times} in {chain.region}"
        self._tell(Finding(Kind.NO_PUBLIC_KEYS, text, chain, None, None, from_us, to_us))
        return None

    def _tell_silence(self, chain: Chain, covered: Spans) -> None:
        """Digests that are deleted from the end of a chain leave nothing behind but silence."""
        if not covered or covered[-1][1] >= self._wanted.to_us:
            return
        end_us = covered[-1][1]
        usual_us = 3600 * MICROSECONDS
        if self._wanted.to_us - end_us > SILENCE * usual_us:
            text = f"No digest file covers anything after {format_event_time(end_us)}"
            detail = "the trail was stopped then, or its newest digest files are gone: its status tells which"
            self._tell(Finding(Kind.OPEN_END, text, chain, None, detail, end_us, self._wanted.to_us))

    def _orphans(self, folder: DigestFolder, covered: Spans, named: NamedFiles) -> None:
        for url, sure in orphans(self._archive, folder, covered, named):
            if sure:
                text = "Log file that no valid digest file names"
                self._tell(about_file(Kind.ORPHAN, None, url, text))
            else:
                self._tell(about_file(Kind.NOT_YET_COVERED, None, url, "Log file that no digest file covers yet"))

    def _tell(self, outcome: Outcome) -> None:
        finding = outcome if isinstance(outcome, Finding) else outcome.finding
        if finding is not None:
            self._tally.add_finding(finding)
        self._observer.outcome(outcome)


class _Work:
    """Threads, and how far ahead they may be."""

    def __init__(self, threads: Executor, window: int) -> None:
        self.threads = threads
        self.window = window
