"""The import of log files into the history: files in, records into the journal, each event once.

Records of several files share a batch. A batch is checked, compared with what the history holds, appended, and then
its files are written into the ledger, in this order: an import that is broken off anywhere reads some files again and
finds their events known. Appending runs on a second thread, while reading goes on a few batches ahead.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import compress
from typing import Protocol

from opentrail import limits
from opentrail.history.import_counts import ImportCounts
from opentrail.history.import_ledger import FileOutcome, ImportLedger
from opentrail.intake import Intake
from opentrail.journal import Entries
from opentrail.objects.documents import Fault, Part, read_records
from opentrail.objects.fetching import fetched
from opentrail.objects.port import (
    NoSuchLocation,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    ObjectUnreadable,
    printable_key,
)
from opentrail.record.faults import NotALogFile

ORIGIN = "import"
BATCHES_IN_FLIGHT = 2

_DIGEST_KEY = re.compile(r"(?:^|/)(?:CloudTrail-Digest/|\d{12}_CloudTrail-Digest_)")
_ACCOUNT_IN_KEY = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(\d{12})/|(?:^|/)(\d{12})_CloudTrail")
_LOG_NAME = re.compile(r"_CloudTrail|\.json\.gz$|\.jsonl?$|\.ndjson$")


class Known(Protocol):
    """What the history and the journal hold already."""

    def new_mask(self, entries: Entries) -> list[bool]:
        """For each event whether it is new by account, Region and event ID; what was let through is known next time."""
        ...


@dataclass(slots=True)
class _File:
    """A file that is being read, or whose events are on their way into the journal."""

    info: ObjectInfo
    good: int = 0
    kept: int = 0
    duplicates: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def name(self) -> str:
        return printable_key(self.info.key)

    @property
    def bad(self) -> int:
        """Records set aside."""
        return sum(1 for fault in self.faults if fault.index is not None)

    @property
    def hopeless(self) -> bool:
        return len(self.faults) > limits.IMPORT_FILE_FAULTS and len(self.faults) > self.good

    def outcome(self) -> FileOutcome:
        return FileOutcome(self.name, self.info.fingerprint, self.kept, self.duplicates, self.bad, self.faults)


class Import:
    """One run of an import of `store`; the caller holds the import lock.

    `progress` is called after every file with the counts so far and the file's name. The counts are final for what
    is durable when `run` returns.
    """

    def __init__(
        self,
        store: ObjectStore,
        intake: Intake,
        known: Known,
        ledger: ImportLedger,
        progress: Callable[[ImportCounts, str], None],
    ) -> None:
        self._store = store
        self._intake = intake
        self._known = known
        self._ledger = ledger
        self._progress = progress
        self._counts = ImportCounts()
        self._batch: list[tuple[_File, Entries]] = []
        self._batch_events = 0
        self._batch_bytes = 0
        self._ended: list[_File] = []
        self._in_flight: deque[Future[None]] = deque()
        self._broken = False  # the appender's own: a batch could not be appended

    def run(self) -> ImportCounts:
        """Read everything and append what is new; all that was kept is durable in the journal on return.

        Raises StoreUnavailable, JournalUnwritable (the import can go on later where it was), ImportUnbalanced.
        """
        self._counts = self._ledger.begin()
        with ThreadPoolExecutor(1, "append") as self._appender:
            files = self._ledger.not_done(self._listed())
            for info, reader in fetched(self._store, self._worth_opening(files)):
                self._read(_File(info), reader)
                self._progress(self._counts, printable_key(info.key))
            self._flush()
            while self._in_flight:
                self._in_flight.popleft().result()
        self._counts.check()
        self._ledger.finish()
        return self._counts

    def _listed(self) -> Iterator[ObjectInfo]:
        nothing = True
        for info in self._store.list():
            nothing = False
            yield info
        if nothing:
            raise NoSuchLocation(f"There is nothing at {self._store.name}.")

    def _worth_opening(self, infos: Iterator[ObjectInfo]) -> Iterator[ObjectInfo]:
        for info in infos:
            if _DIGEST_KEY.search(info.key) or (info.size == 0 and info.fault is None):
                self._counts.files_passed_over += 1
            else:
                yield info

    def _read(self, file: _File, reader: ObjectReader | ObjectUnreadable) -> None:
        if isinstance(reader, ObjectUnreadable):
            self._give_up(file, reader.message)
            return
        match = _ACCOUNT_IN_KEY.search(file.info.key)
        account = (match[1] or match[2]) if match else ""
        self._counts.bytes_stored += file.info.size
        try:
            for part in read_records(reader):
                self._take(file, part, account)
                if file.hopeless:
                    file.faults.append(Fault(None, "mostly bad records: the rest of the file was left"))
                    break
        except NotALogFile as error:
            if error.kind in ("not-json", "other") and _LOG_NAME.search(file.info.key):
                file.faults.append(Fault(None, error.reason))
            else:
                self._counts.files_passed_over += 1
                return
        except ObjectUnreadable as error:
            file.faults.append(Fault(None, error.message))
        finally:
            reader.close()
        if any(fault.index is None for fault in file.faults):
            self._counts.files_set_aside += 1
        self._counts.files_read += 1
        self._ended.append(file)
        if len(self._ended) >= limits.JOURNAL_BATCH_EVENTS:
            self._flush()

    def _give_up(self, file: _File, reason: str) -> None:
        self._counts.files_set_aside += 1
        self._ledger.unreadable(file.name, reason)

    def _take(self, file: _File, part: Part, account: str) -> None:
        self._counts.records_in += len(part.raws) + sum(1 for fault in part.faults if fault.index is not None)
        checked = self._intake.foreign(part.raws, account, ORIGIN)
        bad = [Fault(refused.index, refused.reason) for refused in checked.set_aside]
        file.faults.extend(part.faults)
        file.faults.extend(bad)
        self._counts.set_aside += len(bad) + sum(1 for fault in part.faults if fault.index is not None)
        if checked.entries.count:
            file.good += checked.entries.count
            self._batch.append((file, checked.entries))
            self._batch_events += checked.entries.count
            self._batch_bytes += checked.entries.body_bytes()
            if self._batch_events >= limits.JOURNAL_BATCH_EVENTS or self._batch_bytes >= limits.JOURNAL_BATCH_BYTES:
                self._flush()

    def _flush(self) -> None:
        """Hand the batch to the appender, with the files that it completes."""
        batch, ended = self._batch, self._ended
        self._batch, self._ended, self._batch_events, self._batch_bytes = [], [], 0, 0
        entries = Entries.concat(part for _, part in batch)
        mask = self._known.new_mask(entries) if entries.count else []
        start = 0
        for file, part in batch:
            new = sum(mask[start : start + part.count])
            start += part.count
            file.kept += new
            file.duplicates += part.count - new
        kept = sum(mask)
        self._counts.kept += kept
        self._counts.duplicates += entries.count - kept
        if kept < entries.count:
            self._intake.duplicates(entries.count - kept, ORIGIN)
            entries = _only(entries, mask)
        outcomes = [file.outcome() for file in ended]
        self._in_flight.append(self._appender.submit(self._commit, entries, outcomes))
        while len(self._in_flight) > BATCHES_IN_FLIGHT:
            self._in_flight.popleft().result()

    def _commit(self, entries: Entries, outcomes: Sequence[FileOutcome]) -> None:
        if self._broken:
            return  # these files may have events in the batch that failed, whose error is on its way
        self._broken = True
        if entries.count:
            self._intake.append(entries, ORIGIN)
        self._ledger.done(outcomes)
        self._broken = False


def _only(entries: Entries, mask: Sequence[bool]) -> Entries:
    """The events of `entries` that `mask` names."""
    return Entries(
        list(compress(entries.accounts, mask)),
        list(compress(entries.regions, mask)),
        list(compress(entries.categories, mask)),
        list(compress(entries.times_us, mask)),
        list(compress(entries.event_ids, mask)),
        list(compress(entries.bodies, mask)),
    )
