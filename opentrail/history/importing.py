"""The import of log files into the history: files in, records into the journal, each event once.

Records of several files share a batch. A batch is checked, compared with what the history holds, appended, and then
told to the ledger, in this order: an import that is broken off between the two finds its last events in the journal
behind the position that the ledger knows, and takes them for kept when it comes by again. Appending runs on a second
thread, while reading goes on a few batches ahead.
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
from opentrail.history.import_ledger import DoneInPart, FileOutcome, ImportLedger
from opentrail.history.import_orphans import EventKey, keys_of, orphans
from opentrail.history.origins import IMPORT
from opentrail.intake import Intake
from opentrail.journal import Entries, Journal
from opentrail.logfile.keys import account_in
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

BATCHES_IN_FLIGHT = 2

_DIGEST_KEY = re.compile(r"(?:^|/)(?:CloudTrail-Digest/|\d{12}_CloudTrail-Digest_)")
_JSON_NAME = re.compile(r"\.(json|jsonl|ndjson)(\.gz)?$")


class Known(Protocol):
    """What the history and the journal hold already."""

    def new_mask(self, entries: Entries) -> list[bool]:
        """For each event whether it is new by account, Region and event ID; what was let through is known next time."""
        ...


@dataclass(slots=True)
class _File:
    """A file that is being read, or whose events are on their way into the journal."""

    info: ObjectInfo
    resumed_at: int = 0  # elements that an earlier run has done
    elements: int = 0  # read so far, those included
    kept: int = 0
    duplicates: int = 0
    bad: int = 0
    torn: bool = False  # a fault of the file itself
    ended: bool = False
    told: bool = False  # the ledger has had an outcome in this run
    faults: list[Fault] = field(default_factory=list)  # not told to the ledger yet

    @property
    def hopeless(self) -> bool:
        return self.bad > limits.IMPORT_FILE_FAULTS and 2 * self.bad > self.elements

    def add_fault(self, fault: Fault) -> None:
        self.faults.append(fault)
        self.torn = self.torn or fault.index is None

    def outcome(self) -> FileOutcome:
        """What has become of it, for the ledger."""
        faults, self.faults = self.faults, []
        afresh = not self.told and not self.resumed_at
        self.told = True
        return FileOutcome(
            printable_key(self.info.key),
            self.info.fingerprint,
            None if self.ended else self.elements,
            self.kept,
            self.duplicates,
            self.bad,
            faults,
            afresh,
        )


class Import:
    """One run of an import of `store`; the caller holds the import lock.

    `progress` is called after every file with the counts so far and the file's name.
    """

    def __init__(
        self,
        store: ObjectStore,
        journal: Journal,
        intake: Intake,
        known: Known,
        ledger: ImportLedger,
        progress: Callable[[ImportCounts, str], None],
    ) -> None:
        self._store = store
        self._journal = journal
        self._intake = intake
        self._known = known
        self._ledger = ledger
        self._progress = progress
        self._counts = ImportCounts()
        self._in_part: dict[str, DoneInPart] = {}
        self._orphans: set[EventKey] = set()
        self._batch: list[tuple[_File, Entries]] = []
        self._batch_events = 0
        self._batch_bytes = 0
        self._touched: list[_File] = []  # files that the next batch has something to tell of
        self._in_flight: deque[Future[None]] = deque()
        self._broken = False  # the appender's own: a batch could not be appended
        self._last_position = 0

    @property
    def last_position(self) -> int:
        """Everything that the import appended, in this run and those before it, lies up to here; 0 if nothing."""
        return self._last_position

    def run(self) -> ImportCounts:
        """Read everything and append what is new; all that was kept is durable in the journal on return.

        Raises StoreUnavailable, JournalUnwritable (the import can go on later where it was), NoSuchLocation,
        ImportUnbalanced.
        """
        head = self._journal.head()
        standing = self._ledger.begin(head)
        self._counts, self._in_part = standing.counts, standing.in_part
        if standing.goes_on:
            self._last_position = head
            self._orphans = orphans(self._journal, standing.journal_position)
        with ThreadPoolExecutor(1, "append") as self._appender:
            files = self._ledger.not_done(self._listed())
            for info, reader in fetched(self._store, self._worth_opening(files)):
                self._read(info, reader)
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

    def _read(self, info: ObjectInfo, reader: ObjectReader | ObjectUnreadable) -> None:
        if isinstance(reader, ObjectUnreadable):
            self._counts.files_set_aside += 1
            self._ledger.unreadable(printable_key(info.key), reader.message)
            return
        file = self._file(info)
        self._touched.append(file)
        account = account_in(info.key)
        try:
            for part in read_records(reader):
                self._take(file, part, account)
                if file.hopeless:
                    file.add_fault(Fault(None, "mostly bad records: the rest of the file was left"))
                    break
        except NotALogFile as error:
            if not _should_be_a_log_file(info.key, error.kind):
                self._counts.files_passed_over += 1
                self._touched.pop()
                return
            file.add_fault(Fault(None, error.reason))
        except ObjectUnreadable as error:
            file.add_fault(Fault(None, error.message))
        finally:
            reader.close()
        file.ended = True
        self._counts.files_read += 1
        self._counts.files_set_aside += file.torn
        self._counts.bytes_stored += info.size
        if len(self._touched) >= limits.JOURNAL_BATCH_EVENTS:
            self._flush()

    def _file(self, info: ObjectInfo) -> _File:
        """The file from its start, or from where an earlier run was in it if it is still the same."""
        done = self._in_part.pop(printable_key(info.key), None)
        if done is None or done.fingerprint != info.fingerprint:
            return _File(info)
        self._counts.records_in += done.kept + done.duplicates + done.set_aside
        self._counts.kept += done.kept
        self._counts.duplicates += done.duplicates
        self._counts.set_aside += done.set_aside
        return _File(info, done.elements, 0, done.kept, done.duplicates, done.set_aside)

    def _take(self, file: _File, part: Part, account: str) -> None:
        """Check the records of a part and put them into the batch."""
        self._make_room(part)
        indexed = [fault for fault in part.faults if fault.index is not None]
        file.elements += len(part.raws) + len(indexed)
        for fault in part.faults:
            if fault.index is None:
                file.add_fault(fault)
        raws = part.raws
        if file.elements <= file.resumed_at:
            return
        if raws and raws[0][0] < file.resumed_at:
            raws = [(index, raw) for index, raw in raws if index >= file.resumed_at]
        indexed = [fault for fault in indexed if fault.index is not None and fault.index >= file.resumed_at]
        self._counts.records_in += len(raws) + len(indexed)
        checked = self._intake.foreign(raws, account, IMPORT)
        indexed += [Fault(refused.index, refused.reason) for refused in checked.set_aside]
        for fault in indexed:
            file.add_fault(fault)
        file.bad += len(indexed)
        self._counts.set_aside += len(indexed)
        self._batch.append((file, checked.entries))
        self._batch_events += checked.entries.count
        self._batch_bytes += checked.entries.body_bytes()

    def _make_room(self, part: Part) -> None:
        """Send the batch off if it would not fit one row of the journal together with `part`."""
        size = sum(len(raw) for _, raw in part.raws)
        if self._batch and (
            self._batch_events + len(part.raws) > limits.JOURNAL_BATCH_EVENTS
            or self._batch_bytes + size > limits.JOURNAL_BATCH_BYTES
        ):
            self._flush()

    def _flush(self) -> None:
        """Hand the batch to the appender, and what has become of the files in it."""
        batch, touched = self._batch, self._touched
        self._batch, self._batch_events, self._batch_bytes = [], 0, 0
        self._touched = [file for file in touched if not file.ended]
        entries = Entries.concat(part for _, part in batch)
        mask = self._known.new_mask(entries) if entries.count else []
        kept_before = self._kept_before(entries, mask) if self._orphans else [False] * len(mask)
        start = 0
        for file, part in batch:
            end = start + part.count
            kept = sum(mask[start:end]) + sum(kept_before[start:end])
            file.kept += kept
            file.duplicates += part.count - kept
            self._counts.kept += kept
            self._counts.duplicates += part.count - kept
            start = end
        known = mask.count(False)
        if known:
            self._intake.duplicates(known, IMPORT)
            entries = entries.selected(mask)
        outcomes = [file.outcome() for file in touched]
        self._in_flight.append(self._appender.submit(self._commit, entries, outcomes))
        while len(self._in_flight) > BATCHES_IN_FLIGHT:
            self._in_flight.popleft().result()

    def _kept_before(self, entries: Entries, mask: Sequence[bool]) -> list[bool]:
        """Which events an earlier run of this import has appended without telling the ledger."""
        found = [not new and key in self._orphans for key, new in zip(keys_of(entries), mask, strict=True)]
        for key in compress(keys_of(entries), found):
            self._orphans.discard(key)
        return found

    def _commit(self, entries: Entries, outcomes: Sequence[FileOutcome]) -> None:
        if self._broken:
            return  # these files may have events in the batch that failed, whose error is on its way
        self._broken = True
        position = None
        if entries.count:
            self._last_position = position = self._intake.append(entries, IMPORT).last
        self._ledger.record(outcomes, position)
        self._broken = False


def _should_be_a_log_file(key: str, kind: str) -> bool:
    """Whether to tell the user that this is none: its name says that somebody meant it to be one."""
    return kind in ("not-json", "other") and (
        "_CloudTrail" in key or (kind == "not-json" and _JSON_NAME.search(key) is not None)
    )
