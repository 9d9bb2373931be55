"""A run of an import: prefixes found, files in the order of their keys into the journal, the ledger beside it.

It may be killed at any moment; the next run goes on from the ledger. What one file cannot give is a failure of that
file, and the import goes on; what all files need and is not there (the bucket's S3, the journal) is waited for, for as
long as it takes. A stop is seen with the next batch.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from opentrail import limits
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.lake_imports import Failure, LakeImport, LakeImports, PrefixProgress
from opentrail.clock import MICROSECONDS, Clock
from opentrail.intake import Intake
from opentrail.journal import Entries, Journal, JournalUnwritable
from opentrail.lake.import_faults import ImportEnded, ImportSourceUnknown
from opentrail.lake.imports.appending import Appending, Told
from opentrail.lake.imports.buckets import ImportBuckets
from opentrail.lake.imports.reading import Files
from opentrail.lake.imports.source import Dates, Source, is_digest, prefixes
from opentrail.lake.imports.taking import FileRead
from opentrail.objects.bucket import AccessDenied, Bucket, BucketFault, NoSuchBucket
from opentrail.objects.fetching import fetched
from opentrail.objects.port import ObjectInfo, ObjectReader, ObjectUnreadable, StoreUnavailable
from opentrail.telemetry import logger

Pause = Callable[[float], bool]  # waits so many seconds; True when the process is to end

LAKE_FOLLOWER: Final = "lake"
_DAY_US: Final = 86_400 * MICROSECONDS
_WAITED_FOR: Final = (StoreUnavailable, JournalUnwritable, BucketFault, ImportSourceUnknown)
_PAGE: Final = 500

_NONE: Final = PrefixProgress("")  # no prefix has been begun

_LOG = logger("lake")


class ProcessEnds(Exception):
    """The process is to end; the import goes on at its next start."""


class ImportRun:
    """Works on one import until it has ended. For one thread; nobody else may work on the same import."""

    def __init__(
        self,
        imports: LakeImports,
        stores: EventDataStores,
        buckets: ImportBuckets,
        journal: Journal,
        intake: Intake,
        clock: Clock,
        pause: Pause,
    ) -> None:
        self._imports = imports
        self._stores = stores
        self._buckets = buckets
        self._journal = journal
        self._intake = intake
        self._clock = clock
        self._pause = pause

    def run(self, import_id: str) -> None:
        """Return when the import has ended, whoever ended it, or when the process is to end."""
        delay, last_events = limits.IMPORT_RETRY_SECONDS, -1
        while (found := self._imports.find(import_id)) is not None and found.ongoing:
            version = self._stores.find(found.store_id)
            if version is None:
                self._imports.end(import_id, "FAILED", self._clock.now_us())
                return
            try:
                _Pass(self, found, version.store).run()
            except (ImportEnded, ProcessEnds):
                return
            except _WAITED_FOR as fault:
                events = self._imports.statistics(import_id).events
                delay = limits.IMPORT_RETRY_SECONDS if events > last_events else delay
                last_events = events
                _LOG.warning("import waits", action="import-waits", import_id=import_id, error=fault.message)
                if self._pause(delay):
                    return
                delay = min(2 * delay, limits.IMPORT_LONGEST_RETRY_SECONDS)


class _Pass:
    """From what the ledger knows to the end, unless something has to be waited for."""

    def __init__(self, run: ImportRun, found: LakeImport, store: EventDataStore) -> None:
        self._run = run
        self._found = found
        self._store = store
        request = found.request
        self._source = Source.read(request.uri, request.bucket_region, request.role_arn, store.account)
        self._dates = Dates.of(request)
        oldest_us = run._clock.now_us() - store.retention_days * _DAY_US
        self._first_us = max(request.start_us or 0, oldest_us)
        self._last_us = request.end_us
        self._opened_at = 0.0
        self._opened: tuple[Bucket, bool] | None = None
        self._prefix = _NONE
        self._reading: FileRead | None = None
        self._retried: Failure | None = None
        self._failed: list[Failure] = []

    def run(self) -> None:
        """Raises ImportEnded, ProcessEnds, and what has to be waited for."""
        run, found = self._run, self._found
        if found.status == "INITIALIZING" and not self._find_prefixes():
            run._imports.end(found.id, "FAILED", run._clock.now_us())
            return
        with Appending(found, run._imports, run._journal, run._intake, run._clock, self._tell) as self._appending:
            self._retry_files()
            self._work_through_prefixes()
            self._appending.finish()
        failed = run._imports.statistics(found.id).failed
        run._imports.end(found.id, "FAILED" if failed else "COMPLETED", run._clock.now_us())

    def _find_prefixes(self) -> bool:
        """Note all prefixes; False where the bucket lets nobody look."""
        imports, now = self._run._imports, self._run._clock.now_us
        found: list[str] = []
        try:
            for prefix in prefixes(self._bucket()[0], self._source.prefix, self._dates):
                found.append(prefix)
                if len(found) >= limits.IMPORT_PREFIXES_AT_ONCE:
                    imports.add_prefixes(self._found.id, found)
                    found = []
        except (AccessDenied, NoSuchBucket) as fault:
            failure = Failure(self._source.prefix or "/", fault.s3_code or "AccessDenied", fault.message)
            imports.record(self._found.id, (), [failure], None, now())
            return False
        imports.add_prefixes(self._found.id, found)
        if not imports.prefixes_known(self._found.id, now()):
            raise ImportEnded
        mended = [one for one in self._failures_to_retry() if one.key == (self._source.prefix or "/")]
        imports.record(self._found.id, (), [_mended(one) for one in mended], None, now())
        return True

    def _failures_to_retry(self) -> Iterator[Failure]:
        after = 0
        while page := self._run._imports.failures(self._found.id, after, _PAGE, "RETRY"):
            yield from page
            after = page[-1].number

    def _retry_files(self) -> None:
        """Files that failed before, once more."""
        for failure in self._failures_to_retry():
            if failure.key.endswith("/"):
                continue
            self._retried = failure
            bucket, far = self._bucket()
            info = ObjectInfo(failure.key, 0, "")
            for _, reader in fetched(Files(bucket, far=far), [info]):
                result = self._read(info, reader, FileRead(failure.key, failure.elements, failure.missing))
                self._failed.append(_after_retry(failure, result))
            self._retried = None

    def _work_through_prefixes(self) -> None:
        after: str | None = None
        while (prefix := self._run._imports.next_prefix(self._found.id, after)) is not None:
            self._appending.flush()  # what is told of the one before does not change any more
            after = prefix.prefix
            self._prefix = prefix
            bucket, far = self._bucket()
            try:
                for info, reader in fetched(Files(bucket, far=far), self._files(bucket, prefix)):
                    self._import_file(info, reader)
            except (AccessDenied, NoSuchBucket) as fault:
                failure = Failure(prefix.prefix or "/", fault.s3_code or "AccessDenied", fault.message)
                self._failed.append(failure)
                continue
            self._prefix = msgspec.structs.replace(self._prefix, done=True)
            self._failed += [_mended(one) for one in self._failures_to_retry() if one.key == (prefix.prefix or "/")]

    def _files(self, bucket: Bucket, prefix: PrefixProgress) -> Iterator[ObjectInfo]:
        """The files of the prefix that are not done, as far as their names say that they are meant."""
        for one in bucket.list(prefix.prefix, prefix.last_key):
            if not one.key.endswith("/") and not is_digest(one.key) and self._dates.has_file(one.key):
                yield ObjectInfo(one.key, one.size, "")

    def _import_file(self, info: ObjectInfo, reader: ObjectReader | ObjectUnreadable) -> None:
        before = self._prefix
        file = self._read(info, reader, FileRead(info.key, before.part_elements if before.part_key == info.key else 0))
        prefix = self._in_part(self._prefix, file)
        self._prefix = msgspec.structs.replace(
            prefix, last_key=info.key, part_key="", part_elements=0, files=prefix.files + (file.failure is None)
        )
        if file.failure is not None:
            self._failed.append(file.failure)

    def _read(self, info: ObjectInfo, reader: ObjectReader | ObjectUnreadable, file: FileRead) -> FileRead:
        """The records of one file into the batch."""
        self._reading = file
        for raws, size in file.parts(reader):
            self._appending.make_room(len(raws), size)
            entries = file.take(raws, self._run._intake, self._found.origin)
            self._appending.add(self._in_time(entries, file))
            self._keep_back()
        self._reading = None
        return file

    def _in_time(self, entries: Entries, file: FileRead) -> Entries:
        """Those of the range of time that is asked for, and of the store's retention."""
        times = entries.times_us
        last_us = self._last_us if self._last_us is not None else max(times, default=0)
        if times and (min(times) < self._first_us or max(times) > last_us):
            entries = entries.selected([self._first_us <= time <= last_us for time in times])
        file.events += entries.count
        return entries

    def _tell(self) -> Told:
        """What the ledger is told with the batch that is sent off now."""
        failures, self._failed = self._failed, []
        progress = []
        if self._retried is not None and self._reading is not None:
            failures.append(_in_retry(self._retried, self._reading))
        elif self._prefix is not _NONE:
            progress.append(self._in_part(self._prefix, self._reading))
        return Told(progress, failures)

    def _in_part(self, prefix: PrefixProgress, file: FileRead | None) -> PrefixProgress:
        """The prefix with what is done of the file that is being read; its events are counted once."""
        if file is None:
            return prefix
        events, file.told_events = prefix.events + file.events - file.told_events, file.events
        told = msgspec.structs.replace(prefix, part_key=file.key, part_elements=file.elements, events=events)
        self._prefix = told
        return told

    def _bucket(self) -> tuple[Bucket, bool]:
        now = self._run._clock.monotonic()
        if self._opened is None or now - self._opened_at > limits.IMPORT_SESSION_SECONDS:
            self._opened = self._run._buckets.open(self._source, self._store)
            self._opened_at = now
        return self._opened

    def _keep_back(self) -> None:
        """Wait while the stores are far behind: what is appended takes room in the journal until they have it."""
        run = self._run
        while True:
            position = run._journal.positions().get(LAKE_FOLLOWER)
            if position is None or run._journal.head() - position <= limits.IMPORT_AHEAD_EVENTS:
                return
            if run._pause(limits.IMPORT_LOOK_SECONDS):
                raise ProcessEnds
            found = run._imports.find(self._found.id)
            if found is None or not found.ongoing:
                raise ImportEnded


def _mended(failure: Failure) -> Failure:
    return msgspec.structs.replace(failure, status="SUCCEEDED")


def _after_retry(before: Failure, file: FileRead) -> Failure:
    if file.failure is None:
        return msgspec.structs.replace(before, status="SUCCEEDED", events=before.events + file.events, missing=())
    again = _in_retry(before, file)
    return msgspec.structs.replace(
        again, status="FAILED", error_type=file.failure.error_type, message=file.failure.message
    )


def _in_retry(before: Failure, file: FileRead) -> Failure:
    """What is known of a file in the middle of its retry: bad records now, and those that it did not come to yet."""
    missing = tuple(sorted({*file.missing, *(number for number in before.missing if number >= file.elements)}))
    elements = max(before.elements, file.elements)
    return msgspec.structs.replace(before, elements=elements, missing=missing, events=before.events + file.events)
