"""New files of a store: in order however many threads make them, and made anew where a record is beyond the engine."""

import pyarrow.parquet as pq
import pytest

from opentrail import limits
from opentrail.journal import Batch
from opentrail.lake.event_rows import EventRows, columns_in_pieces, connect
from opentrail.lake.files import write_new
from opentrail.lake.tables import stored_columns
from tests.segments.made_events import made_entries

EVENTS = 40_000  # several row groups, and several pieces for each thread


@pytest.mark.parametrize("readable", [True, False])
def test_a_new_file_is_sorted_and_whole_with_two_threads(tmp_path, readable):
    entries = made_entries(EVENTS)
    if not readable:
        entries.bodies[EVENTS // 2] = entries.bodies[EVENTS // 2][:-1] + rb',"errorMessage":"\ud800"}'
    rows = EventRows()
    rows.add(Batch(first=1, origin="live", appended_at_us=0, entries=entries), range(EVENTS), 0)
    connection = connect(2)
    path = write_new(connection, tmp_path, rows, stored_columns("CloudTrail"))
    connection.close()
    found = pq.read_table(path, columns=["eventtime", "position", "eventjson", "eventid"])
    order = list(zip(found["eventtime"].cast("int64").to_pylist(), found["position"].to_pylist(), strict=True))
    assert order == sorted(zip(entries.times_us, range(1, EVENTS + 1), strict=True))
    assert found["eventid"].to_pylist() == [entries.event_ids[position - 1] for _, position in order]
    assert found["eventjson"].to_pylist() == [entries.bodies[position - 1].decode() for _, position in order]
    assert list(tmp_path.iterdir()) == [path]


def test_an_engine_whose_file_was_given_up_makes_the_next_one(tmp_path):
    entries = made_entries(3 * limits.LAKE_NEW_ROW_GROUP_ROWS)
    rows = EventRows()
    rows.add(Batch(first=1, origin="live", appended_at_us=0, entries=entries), range(entries.count), 0)
    connection = connect()
    begun = columns_in_pieces(connection, rows, stored_columns("CloudTrail"))
    assert next(begun).num_rows < rows.count
    begun.close()
    path = write_new(connection, tmp_path, rows, stored_columns("CloudTrail"))
    connection.close()
    written = pq.ParquetFile(path).metadata
    assert [written.row_group(number).num_rows for number in range(3)] == [limits.LAKE_NEW_ROW_GROUP_ROWS] * 3
