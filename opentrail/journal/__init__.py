"""The durable, ordered log of event batches; knows nothing of CloudTrail.

On disk: FOLDER/journal.db, an SQLite database (application_id 0x4F54524A "OTRJ", user_version 1, 4 KiB pages,
WAL, synchronous=FULL, auto_vacuum=INCREMENTAL but FULL while a trim shrinks the file), with journal.db-wal and
journal.db-shm beside it while in use.

    batches    first            position of the row's first event; positions begin at 1
               count            events in the row, 1 to JOURNAL_BATCH_EVENTS (4096)
               origin           where they came from: "live", "import", "import:STORE", "channel:ID"
               appended_at_us   the writer's clock in microseconds since the epoch; may run backwards
               checksum         BLAKE2b-128 over payload, then big-endian first u64, count u64, appended_at_us i64,
                                then origin in UTF-8
               payload          one zstd frame with its content size, of a MessagePack array of six equally long
                                arrays: accounts, regions, categories, times_us, event_ids, bodies; sealed where
                                the journal has a sealer (sealing.py), and the checksum then keyed
    state      trimmed_through  last position that has been deleted; 0 before the first trim
               probes           trial writes
    followers  name, position   everything up to `position` has been handled
    intents    number           never used twice; body with its own checksum, replaced while its call goes on;
                                deleted in the transaction of its outcome, or withdrawn
               writer           the run of the process that announced it, or NULL. Not under the checksum, and not
                                there in older journals until they are next opened for writing

Limits (limits.py): bodies of one row JOURNAL_BATCH_BYTES (8 MiB), one intent JOURNAL_INTENT_BYTES (2 MiB), submitted
and not yet durable JOURNAL_WAITING_EVENTS and JOURNAL_WAITING_BYTES per process.

Invariants, which check.py proves:
 1. The first row begins at trimmed_through + 1, every other row where the one before it ended.
 2. Every row's checksum fits and its payload holds `count` events.
 3. The head is the last row's last position, or trimmed_through if there is none; it never falls.
 4. No follower is beyond the head, and nothing beyond the slowest follower has been deleted.

A submission is answered after the COMMIT of its transaction, which is after the fsync of the log: whoever has the
answer may rely on it through a crash. A submission that fails has left nothing; one that was never answered may be
there or not, whole. Positions are given inside BEGIN IMMEDIATE, so several processes may append. After a crash SQLite
replays the whole transactions of its log, whose frames carry checksums; nothing else is needed.
"""

from opentrail.journal.entries import Appended, Batch, Entries, Intent, ReadResult
from opentrail.journal.faults import (
    EntriesRefused,
    IntentsEnded,
    JournalClosed,
    JournalCorrupt,
    JournalMissing,
    JournalSealed,
    JournalUnreadable,
    JournalUnwritable,
)
from opentrail.journal.journal import Journal
from opentrail.journal.sealing import Sealer, opened_by, sealed_by

__all__ = [
    "Appended",
    "Batch",
    "Entries",
    "EntriesRefused",
    "Intent",
    "IntentsEnded",
    "Journal",
    "JournalClosed",
    "JournalCorrupt",
    "JournalMissing",
    "JournalSealed",
    "JournalUnreadable",
    "JournalUnwritable",
    "ReadResult",
    "Sealer",
    "opened_by",
    "sealed_by",
]
