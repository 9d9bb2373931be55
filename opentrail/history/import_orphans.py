"""Events that a broken-off import appended last, of which its ledger does not know yet."""

from collections.abc import Iterator

from opentrail import limits
from opentrail.history.origins import IMPORT
from opentrail.journal import Entries, Journal

EventKey = tuple[str, str, str]


def keys_of(entries: Entries) -> Iterator[EventKey]:
    """Account, Region and event ID of each event."""
    return zip(entries.accounts, entries.regions, entries.event_ids, strict=True)


def orphans(journal: Journal, ledger_position: int) -> set[EventKey]:
    """The imported events behind the position that the ledger knows.

    No more than limits.IMPORT_ORPHANS, which is beyond what an import has under way. If another source was imported
    since, its first events are among them; if they come by again they count as kept here, not as duplicates.
    """
    found: set[EventKey] = set()
    while len(found) < limits.IMPORT_ORPHANS:
        batches = journal.read(ledger_position, limits.JOURNAL_BATCH_EVENTS, origins=IMPORT.__eq__)
        for batch in batches:
            found.update(keys_of(batch.entries))
        if batches.through == ledger_position:
            break
        ledger_position = batches.through
    return found
