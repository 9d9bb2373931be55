"""From batches of the journal to the columns of a segment, sorted as a segment is.

Costs count here, for every record passes: one decode, and one list for each column. A record whose view cannot be
read (it should not have come past intake) keeps its envelope and its bytes, and nothing is lost; its other columns
are null.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from opentrail import limits
from opentrail.journal.entries import Batch, Entries
from opentrail.record.derived import caller_name, listed
from opentrail.record.projection import Projection, projections
from opentrail.record.view import RecordView, views
from opentrail.segments.attributes import INSIGHT, Resource, answers
from opentrail.segments.schema import COLUMNS, arrow_schema

_SCHEMA: Final = arrow_schema()
_DAY_US: Final = 86_400_000_000

_FROM_VIEW: Final = {
    "eventversion": "eventVersion",
    "eventsource": "eventSource",
    "eventname": "eventName",
    "awsregion": "awsRegion",
    "sourceipaddress": "sourceIPAddress",
    "useragent": "userAgent",
    "errorcode": "errorCode",
    "errormessage": "errorMessage",
    "requestid": "requestID",
    "eventtype": "eventType",
    "apiversion": "apiVersion",
    "recipientaccountid": "recipientAccountId",
    "sharedeventid": "sharedEventID",
    "vpcendpointid": "vpcEndpointId",
    "eventcategory": "eventCategory",
    "readonly": "readOnly",
    "managementevent": "managementEvent",
}
_READERS: Final = [(column, attrgetter(name), _SCHEMA.field(column).type) for column, name in _FROM_VIEW.items()]
_CALLER: Final = attrgetter("userIdentity")


class Rows:
    """Events that wait to become columns: their envelopes and bytes, and where and when the journal took them."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.arrived_us: list[int] = []
        self.entries = Entries.empty()
        self.bytes = 0

    @property
    def count(self) -> int:
        """How many events wait."""
        return len(self.positions)

    def add(self, batch: Batch, after: int = 0) -> None:
        """Take the events of `batch` that lie beyond position `after`."""
        skipped = max(after + 1 - batch.first, 0)
        entries = batch.entries if skipped == 0 else batch.entries.slice(skipped, batch.entries.count)
        self.positions.extend(range(batch.first + skipped, batch.last + 1))
        self.arrived_us.extend([batch.appended_at_us] * entries.count)
        for mine, theirs in zip(_lists(self.entries), _lists(entries), strict=True):
            mine.extend(theirs)
        self.bytes += entries.body_bytes()

    def by_arrival_day(self) -> list["Rows"]:
        """These rows in parts of one day (UTC) of arrival each, so that retention can drop whole files."""
        days = [arrived // _DAY_US for arrived in self.arrived_us]
        if not days or days[0] == days[-1] == min(days) == max(days):
            return [self] if days else []
        parts: dict[int, Rows] = {}
        for index, day in enumerate(days):
            part = parts.setdefault(day, Rows())
            part.positions.append(self.positions[index])
            part.arrived_us.append(self.arrived_us[index])
            for mine, theirs in zip(_lists(part.entries), _lists(self.entries), strict=True):
                mine.append(theirs[index])
            part.bytes += len(self.entries.bodies[index])
        return list(parts.values())


def _lists(entries: Entries) -> tuple[list[Any], ...]:
    return (
        entries.accounts,
        entries.regions,
        entries.categories,
        entries.times_us,
        entries.event_ids,
        entries.bodies,
    )


def table_of(batches: Iterable[Batch]) -> pa.Table:
    """The columns of all events of `batches` (some), sorted by (eventtime, position)."""
    rows = Rows()
    for batch in batches:
        rows.add(batch)
    return pa.concat_tables(sorted_tables(rows))


def sorted_tables(rows: Rows) -> Iterator[pa.Table]:
    """The columns of `rows`, sorted by (eventtime, position), in tables of at most limits.COLUMNS_CHUNK_ROWS.

    So much at a time stays in the caches of one processor: half the time of eight times as much.
    """
    times = np.array(rows.entries.times_us, np.int64)
    positions = np.array(rows.positions, np.int64)
    arrived = np.array(rows.arrived_us, np.int64)
    order = np.lexsort((positions, times))
    for begin in range(0, len(order), limits.COLUMNS_CHUNK_ROWS):
        chunk = order[begin : begin + limits.COLUMNS_CHUNK_ROWS]
        numbers = {
            "position": pa.array(positions[chunk]),
            "arrivedat": pa.array(arrived[chunk]).view(pa.timestamp("us")),
            "eventtime": pa.array(times[chunk]).view(pa.timestamp("us")),
        }
        yield _table(rows.entries, chunk.tolist(), numbers)


def _table(entries: Entries, order: Sequence[int], columns: dict[str, pa.Array]) -> pa.Table:
    """The columns of the events that `order` names, in its order; the numbers are in `columns` already."""
    take = itemgetter(*order) if len(order) > 1 else lambda values: (values[order[0]],)
    bodies: Sequence[bytes] = take(entries.bodies)
    categories: Sequence[str] = take(entries.categories)
    records = projections(bodies)
    insights = [row for row, category in enumerate(categories) if category == INSIGHT] if INSIGHT in categories else []
    columns |= {
        "account": _text(take(entries.accounts)),
        "region": _text(take(entries.regions)),
        "category": _text(categories),
        "eventid": _text(take(entries.event_ids)),
        "eventjson": _evidence(bodies),
        **{name: pa.array(list(map(read, records)), kind) for name, read, kind in _READERS},
        **_derived(records, insights),
        **_insights(bodies, insights),
    }
    return pa.table([columns[column.name] for column in COLUMNS], schema=_SCHEMA)


def _derived(records: Sequence[Projection], insights: Sequence[int]) -> dict[str, pa.Array]:
    """What records answer to besides their own fields; Insights events answer to none of it."""
    callers = list(map(_CALLER, records))
    names = [None if caller is None else caller_name(caller) for caller in callers]
    keys = [None if caller is None else caller.accessKeyId or None for caller in callers]
    resources = list(map(listed, records))
    for row in insights:
        names[row], keys[row], resources[row] = None, None, ()
    return {"username": _text(names), "accesskeyid": _text(keys), "lookupresources": _resources(resources)}


def _insights(bodies: Sequence[bytes], insights: Sequence[int]) -> dict[str, pa.Array]:
    """The source and name of the calls that Insights events speak of."""
    sources: list[str | None] = [None] * len(bodies)
    names = sources.copy()
    for row, record in zip(insights, views([bodies[row] for row in insights]), strict=True):
        if isinstance(record, RecordView):
            said = answers(record, INSIGHT)
            sources[row], names[row] = said.event_source, said.event_name
    return {"insighteventsource": _text(sources), "insighteventname": _text(names)}


def _text(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _resources(lists: Sequence[Sequence[Resource]]) -> pa.Array:
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, lists), np.int32, len(lists)), out=offsets[1:])
    flat = list(chain.from_iterable(lists))
    column = _SCHEMA.field("lookupresources").type
    entries = pa.StructArray.from_arrays(
        [_text([kind for kind, _ in flat]), _text([name for _, name in flat])], fields=list(column.value_type)
    )
    return pa.ListArray.from_arrays(pa.array(offsets), entries, type=column)


def _evidence(bodies: Sequence[bytes]) -> pa.Array:
    """The bytes as a text column, unlooked-at: evidence is never refused here, whatever intake let through."""
    offsets = np.zeros(len(bodies) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, bodies), np.int64, len(bodies)), out=offsets[1:])
    return pa.LargeStringArray.from_buffers(len(bodies), pa.py_buffer(offsets), pa.py_buffer(b"".join(bodies)))
