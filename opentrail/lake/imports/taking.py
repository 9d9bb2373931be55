"""One file of an import while it is read: which of its records are still to be taken, and what it could not give."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from opentrail.catalog.lake_imports import Failure
from opentrail.intake import Intake
from opentrail.journal import Entries
from opentrail.lake.imports.reading import BAD_RECORDS, DAMAGED, NOT_A_LOG_FILE, FileUnreadable
from opentrail.logfile.keys import account_in
from opentrail.objects.documents import read_records
from opentrail.objects.port import ObjectReader, ObjectUnreadable
from opentrail.record.faults import NotALogFile

_MISSING_KEPT: Final = 10_000  # numbers of bad records that are remembered; of more, the file counts as failed there

Raws = Sequence[tuple[int, bytes]]


class FileRead:
    """The file at `key`. `done`: so many of its elements an earlier run has taken, but for those in `missing`.

    `events` counts what was taken in this run, `elements` what was read.
    """

    def __init__(self, key: str, done: int = 0, missing: Collection[int] = ()) -> None:
        self.key = key
        self.elements = 0
        self.events = 0
        self.told_events = 0
        self.missing: list[int] = []
        self._fault: tuple[str, str] | None = None
        self._done = done
        self._wanted = frozenset(missing)
        self._account = account_in(key)
        self._first_reason = ""

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the file, once it is read; None: nothing."""
        if self._fault is None:
            return None
        return Failure(self.key, *self._fault, self.elements, tuple(self.missing))

    def parts(self, reader: ObjectReader | ObjectUnreadable) -> Iterator[tuple[Raws, int]]:
        """The records in parts, each with its bytes; `failure` says afterwards what is wrong. Raises StoreUnavailable.

        `elements` counts a part as soon as the next one is asked for.
        """
        if isinstance(reader, ObjectUnreadable):
            self._fail(getattr(reader, "error_type", NOT_A_LOG_FILE), reader.message)
            return
        try:
            for part in read_records(reader):
                for fault in part.faults:
                    if fault.index is None:
                        self._fail(DAMAGED, fault.reason)
                    else:
                        self._miss(fault.index, fault.reason)
                if part.raws:
                    yield part.raws, sum(len(raw) for _, raw in part.raws)
        except NotALogFile as fault:
            self._fail(NOT_A_LOG_FILE, fault.reason)
        except FileUnreadable as fault:
            self._fail(fault.error_type, fault.message)
        except ObjectUnreadable as fault:
            self._fail(DAMAGED, fault.message)
        finally:
            reader.close()
        if self._fault is None and self.missing:
            more = "1 record" if len(self.missing) == 1 else f"{len(self.missing)} records"
            self._fail(BAD_RECORDS, f"{more} could not be read; the first one: {self._first_reason}")

    def take(self, raws: Raws, intake: Intake, origin: str) -> Entries:
        """The records of a part that are fit for the journal and not taken yet; the part counts as read."""
        checked = intake.foreign(raws, self._account, origin)
        for refused in checked.set_aside:
            self._miss(refused.index, refused.reason)
        entries = checked.entries
        if raws[0][0] < self._done:
            mask = [index >= self._done or index in self._wanted for index in checked.indexes]
            entries = entries.selected(mask)
        self.elements = max(self.elements, raws[-1][0] + 1)
        return entries

    def _miss(self, index: int, reason: str) -> None:
        self._first_reason = self._first_reason or f"record {index}: {reason}"
        if len(self.missing) < _MISSING_KEPT:
            self.missing.append(index)

    def _fail(self, error_type: str, message: str) -> None:
        self._fault = self._fault or (error_type, message)
