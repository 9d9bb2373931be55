"""What callers hand to the committer, and the rows that come of it."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import msgspec

from opentrail import limits
from opentrail.journal.entries import Appended, Entries
from opentrail.journal.faults import EntriesRefused
from opentrail.journal.payload import Packed, pack
from opentrail.journal.sealing import Sealer

# From this size on a submission makes rows of its own and is packed by the thread that submits it, so that a bulk
# appender neither waits for nor delays the others.
OWN_ROW_EVENTS = 256
OWN_ROW_BYTES = 256 * limits.KIB


class EntriesSubmission(msgspec.Struct, frozen=True):
    """Events to append; `packed` where the submitting thread has already made the rows."""

    entries: Entries
    origin: str
    ends_intents: Sequence[int]
    bytes: int
    packed: tuple[Packed, ...] | None
    future: Future[Appended]
    patient: bool = False  # nobody waits for the future: the commit may gather more
    in_place: bool = False  # of its intents: nothing is appended unless all of them are there


@dataclass(frozen=True, slots=True)
class IntentSubmission:
    """An intent to keep: a new one, or `replaces` brought up to date."""

    body: bytes
    replaces: int | None
    future: Future[int]


@dataclass(frozen=True, slots=True)
class IntentWithdrawal:
    """An intent to delete without an outcome: what it announced has not begun."""

    number: int
    future: Future[None]


@dataclass(frozen=True, slots=True)
class PositionSubmission:
    """A follower's position to keep; None forgets the follower."""

    follower: str
    position: int | None
    future: Future[None]


Submission = EntriesSubmission | IntentSubmission | IntentWithdrawal | PositionSubmission


class Append(msgspec.Struct, frozen=True):
    """Rows that follow each other, and the submissions whose events they hold, in order."""

    origin: str
    rows: tuple[Packed, ...]
    sources: tuple[EntriesSubmission, ...]


Work = Append | IntentSubmission | IntentWithdrawal | PositionSubmission


def entries_submission(
    entries: Entries,
    origin: str,
    ends_intents: Sequence[int],
    future: Future[Appended],
    *,
    patient: bool = False,
    from_loop: bool = False,
    in_place: bool = False,
    sealer: Sealer | None = None,
) -> EntriesSubmission:
    """Checked, and packed if it is `in_place` or large, `from_loop` if it is more than a row; raises EntriesRefused."""
    entries.require_parallel()
    if entries.count == 0:
        raise EntriesRefused("there are no entries to append")
    if not origin:
        raise EntriesRefused("entries need an origin")
    size = entries.body_bytes()
    packed = None
    row = (limits.JOURNAL_BATCH_EVENTS + 1, limits.JOURNAL_BATCH_BYTES + 1)
    own_row = row if from_loop else (OWN_ROW_EVENTS, OWN_ROW_BYTES)
    if in_place or entries.count >= own_row[0] or size >= own_row[1]:
        packed = tuple(pack(part, sealer) for part in split(entries, size))
    return EntriesSubmission(entries, origin, ends_intents, size, packed, future, patient, in_place)


def split(entries: Entries, size: int) -> list[Entries]:
    """Parts of `entries`, which have `size` bytes, that each fit a row: JOURNAL_BATCH_EVENTS, JOURNAL_BATCH_BYTES."""
    if entries.count <= limits.JOURNAL_BATCH_EVENTS and size <= limits.JOURNAL_BATCH_BYTES:
        return [entries]
    parts: list[Entries] = []
    start = part_size = 0
    for index, body in enumerate(entries.bodies):
        if len(body) > limits.JOURNAL_BATCH_BYTES:
            raise EntriesRefused(f"an entry of {len(body)} bytes exceeds {limits.JOURNAL_BATCH_BYTES}")
        if index - start == limits.JOURNAL_BATCH_EVENTS or part_size + len(body) > limits.JOURNAL_BATCH_BYTES:
            parts.append(entries.slice(start, index))
            start, part_size = index, 0
        part_size += len(body)
    parts.append(entries.slice(start, entries.count))
    return parts


def arrange(submissions: Sequence[Submission], sealer: Sealer | None = None) -> list[Work]:
    """The work of one transaction, in the order of submission; small neighbours of one origin share a row.

    A submission that cannot be packed fails alone: its future gets EntriesRefused and it is left out.
    """
    work: list[Work] = []
    group: list[EntriesSubmission] = []
    events = size = 0
    for item in submissions:
        fits = (
            isinstance(item, EntriesSubmission)
            and item.packed is None
            and (not group or item.origin == group[0].origin)
            and events + item.entries.count <= limits.JOURNAL_BATCH_EVENTS
            and size + item.bytes <= limits.JOURNAL_BATCH_BYTES
        )
        if not fits:
            work += _packed_together(group, sealer)
            group, events, size = [], 0, 0
        if not isinstance(item, EntriesSubmission):
            work.append(item)
        elif item.packed is not None:
            work.append(Append(item.origin, item.packed, (item,)))
        else:
            group.append(item)
            events += item.entries.count
            size += item.bytes
    return work + _packed_together(group, sealer)


def _packed_together(group: list[EntriesSubmission], sealer: Sealer | None) -> list[Append]:
    if not group:
        return []
    whole = group[0].entries if len(group) == 1 else Entries.concat(item.entries for item in group)
    try:
        return [Append(group[0].origin, (pack(whole, sealer),), tuple(group))]
    except EntriesRefused as error:
        if len(group) == 1:
            group[0].future.set_exception(error)
            return []
    # One of them spoils the row: find out which.
    return [append for item in group for append in _packed_together([item], sealer)]
