"""The journal as its callers see it: append durably, read in order, keep positions, trim."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Condition
from typing import Self

from opentrail import limits
from opentrail.clock import Clock
from opentrail.journal.committer import Committer
from opentrail.journal.database import Readers, open_writer
from opentrail.journal.entries import Appended, Entries, Intent, ReadResult
from opentrail.journal.faults import EntriesRefused, JournalUnwritable
from opentrail.journal.reading import (
    Origins,
    read_batches,
    read_head,
    read_intents,
    read_position,
    read_positions,
    read_trimmed_through,
    require_sealer,
)
from opentrail.journal.sealing import Sealer, sealed_by
from opentrail.journal.submissions import (
    IntentSubmission,
    IntentWithdrawal,
    PositionSubmission,
    Submission,
    entries_submission,
)
from opentrail.journal.trimming import trim
from opentrail.journal.writability import Writability


class Journal:
    """One process's access to the journal of a folder; safe from any thread, not across a fork."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        read_only: bool = False,
        reserve_bytes: int = limits.JOURNAL_RESERVE_BYTES,
        sealer: Sealer | None = None,
        writer: str | None = None,
    ) -> None:
        self._folder = folder
        self._sealer = sealer
        self._clock = clock
        self._readers = Readers(folder)
        self._appended = Condition()
        self._appends_seen = 0
        self._committer: Committer | None = None
        if read_only:
            with self._readers.borrow() as connection:
                read_head(connection)
            return
        self._writing = open_writer(folder)
        require_sealer(self._writing, sealer)
        self._writability = Writability(folder, reserve_bytes)
        self._committer = Committer(self._writing, clock, self._writability, self._wake, sealer, writer)

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Clock,
        *,
        read_only: bool = False,
        reserve_bytes: int = limits.JOURNAL_RESERVE_BYTES,
        sealer: Sealer | None = None,
        writer: str | None = None,
    ) -> Self:
        """The journal in `folder`, made there if it is missing and not `read_only`; sealed from now on by `sealer`.

        `writer` names this run of the process, and no other, to who finds intents that it left.

        Raises JournalMissing (read-only and none there), JournalUnwritable, JournalUnreadable, JournalCorrupt;
        JournalSealed where it is to be written and was sealed before, but `sealer` is None.
        """
        return cls(folder, clock, read_only=read_only, reserve_bytes=reserve_bytes, sealer=sealer, writer=writer)

    def submit(
        self,
        entries: Entries,
        origin: str,
        *,
        ends_intents: Sequence[int] = (),
        patient: bool = False,
        from_loop: bool = False,
    ) -> Future[Appended]:
        """Append; the future's result means that all of `entries` are on disk, at contiguous positions.

        Fails with JournalUnwritable (nothing of it is there) or EntriesRefused (never will be). Once submitted it
        cannot be cancelled. `ends_intents` are deleted in the same transaction. Never blocks on the disk; 256 events
        and more are compressed by the calling thread, but `from_loop` only what is more than a row. Where `patient`,
        nobody waits for the future: the transaction may begin committer.GATHER_SECONDS later, to hold more.
        """
        future: Future[Appended] = Future()
        future.set_running_or_notify_cancel()
        try:
            self._submit(
                entries_submission(
                    entries,
                    origin,
                    ends_intents,
                    future,
                    patient=patient,
                    from_loop=from_loop,
                    sealer=self._sealer,
                )
            )
        except (JournalUnwritable, EntriesRefused) as error:
            future.set_exception(error)
        return future

    def append(self, entries: Entries, origin: str, *, ends_intents: Sequence[int] = ()) -> Appended:
        """As `submit`, waiting until the entries are on disk."""
        return self.submit(entries, origin, ends_intents=ends_intents).result()

    def submit_intent(self, body: bytes, *, replaces: int | None = None) -> Future[int]:
        """Keep what is about to happen; the future's result is its number and means that it is on disk.

        With `replaces`, that intent gets `body` in place of its own and keeps its number. Intents share transactions
        with each other and with appends. Fails with JournalUnwritable or EntriesRefused.
        """
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()
        try:
            if len(body) > limits.JOURNAL_INTENT_BYTES:
                raise EntriesRefused(f"an intent of {len(body)} bytes exceeds {limits.JOURNAL_INTENT_BYTES}")
            self._submit(IntentSubmission(sealed_by(self._sealer, body, len(body)), replaces, future))
        except (JournalUnwritable, EntriesRefused) as error:
            future.set_exception(error)
        return future

    def withdraw_intent(self, number: int) -> Future[None]:
        """Delete an intent whose call has not begun; the future's result means that it is gone. Fails as above."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        try:
            self._submit(IntentWithdrawal(number, future))
        except JournalUnwritable as error:
            future.set_exception(error)
        return future

    def intents(self, writer: str | None = None, most: int = -1) -> list[Intent]:
        """Intents whose outcome has not been appended, of `writer` or of all, oldest first; no more than `most`."""
        with self._readers.borrow() as connection:
            return read_intents(connection, self._sealer, writer, most)

    def append_in_place(self, entries: Entries, origin: str, intents: Sequence[int]) -> Appended:
        """Append in place of `intents`, which end by it: their outcome is this or another, never both.

        On disk on return. Raises IntentsEnded where not all of them are there any longer, JournalUnwritable or
        EntriesRefused; nothing of it is there then.
        """
        future: Future[Appended] = Future()
        future.set_running_or_notify_cancel()
        self._submit(entries_submission(entries, origin, intents, future, in_place=True, sealer=self._sealer))
        return future.result()

    def read(self, after: int, max_events: int, *, origins: Origins | None = None) -> ReadResult:
        """Whole batches in order, from the one holding position `after + 1` on, verified.

        At most `max_events` events, except that one batch is always whole. With `origins`, batches of other origins
        are passed over; `through` of the result says up to which position the reader has seen all that it wants.
        It equals `after` when there is nothing more. Trimmed positions are passed over too. Raises JournalCorrupt,
        naming the batch, where something is not as it was written.
        """
        with self._readers.borrow() as connection:
            return read_batches(connection, after, max_events, origins, self._sealer)

    def head(self) -> int:
        """Position of the last durable event of any process; 0 while there was none. Costs some 10 µs."""
        with self._readers.borrow() as connection:
            return read_head(connection)

    def trimmed_through(self) -> int:
        """Position of the last event that was trimmed; 0 while none was."""
        with self._readers.borrow() as connection:
            return read_trimmed_through(connection)

    def wait(self, after: int, timeout: float) -> int:
        """The head, as soon as it is beyond `after`, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            with self._appended:
                seen = self._appends_seen
            head = self.head()
            left = deadline - time.monotonic()
            if head > after or left <= 0:
                return head
            with self._appended:
                if self._appends_seen == seen:
                    self._appended.wait(min(left, limits.JOURNAL_POLL_SECONDS))

    def position(self, follower: str) -> int:
        """The durable position of `follower`; 0 if none was ever set."""
        with self._readers.borrow() as connection:
            return read_position(connection, follower)

    def positions(self) -> dict[str, int]:
        """The durable position of every follower, by name."""
        with self._readers.borrow() as connection:
            return read_positions(connection)

    def set_position(self, follower: str, position: int) -> None:
        """Make it durable that `follower` has handled everything up to `position`; it may go back as well."""
        if not follower or not 0 <= position <= self.head():
            raise ValueError(f"{follower or 'a nameless follower'} cannot be at {position}: the head is {self.head()}")
        self._move(follower, position)

    def forget_follower(self, follower: str) -> None:
        """`follower` is gone for good and no longer keeps batches from being trimmed."""
        self._move(follower, None)

    def trim(self, keep_after_us: int) -> int:
        """Delete batches appended before `keep_after_us` that every follower has handled; how many events went.

        While no follower is known, nothing goes. The file shrinks, but for JOURNAL_FREE_PAGES. Appends wait for no more
        than JOURNAL_TRIM_BYTES to be deleted.
        """
        if self._committer is None:
            raise JournalUnwritable("the journal is open for reading only")
        connection = open_writer(self._folder)
        try:
            return trim(connection, keep_after_us, self._clock.now_us())
        finally:
            connection.close()

    def writable(self) -> bool:
        """Whether an append is likely to succeed; costs microseconds and never waits for the disk."""
        return self._committer is not None and self._writability.writable()

    def close(self) -> None:
        """Write what was submitted, then let go of the files."""
        if self._committer is not None:
            self._committer.close()
        self._readers.close()
        if self._committer is not None:
            # Last, as only a connection that may write folds the log into the database.
            self._writing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, submission: Submission) -> None:
        if self._committer is None:
            raise JournalUnwritable("the journal is open for reading only")
        self._committer.submit(submission)

    def _move(self, follower: str, position: int | None) -> None:
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        self._submit(PositionSubmission(follower, position, future))
        future.result()

    def _wake(self, head: int) -> None:
        del head
        with self._appended:
            self._appends_seen += 1
            self._appended.notify_all()
