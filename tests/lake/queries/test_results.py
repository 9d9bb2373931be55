"""Results on disk: every page whole and in order, whatever was written how; files for S3 that say the same."""

import csv
import gzip
import hashlib
import io
import resource
import signal
from pathlib import Path

import pyarrow as pa
import pytest

from opentrail import limits
from opentrail.lake.queries.results import NoRoomForResults, ResponseTooLarge, Results, ResultsGone, ResultWriter

ID = "5c0ffee1-0000-4000-8000-000000000001"


def batch(rows: list[tuple[str | None, ...]]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True))
    return pa.record_batch(
        [pa.array(column, pa.string()) for column in columns], [f"c{n}" for n in range(len(columns))]
    )


def written(folder: Path, rows: list[tuple[str | None, ...]], at_once: int, *, delivers: bool = False) -> Results:
    results = Results(folder)
    writer = ResultWriter(
        results.folder_of(ID), ("eventName", "eventName"), limits.QUERY_RESULT_BYTES, delivers=delivers
    )
    for first in range(0, len(rows), at_once):
        writer.write(batch(rows[first : first + at_once]))
    writer.close()
    return results


@pytest.mark.parametrize("at_once", [1, 700, 2048, 5000])
def test_pages_give_every_row_once_in_order(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(limits, "RESULT_BATCH_ROWS", 1000)
    rows = [(f"row {number}", None if number % 3 else "") for number in range(5000)]
    results = written(tmp_path, rows, at_once)
    found, first = [], 0
    while first < results.about(ID).rows:
        page = results.page(ID, first, 333)
        assert page.names == ("eventName", "eventName")
        found += page.rows
        first = page.ends
    assert found == rows
    assert results.page(ID, 5000, 10).rows == []


def test_a_page_of_long_rows_ends_early_but_never_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "QUERY_PAGE_BYTES", 1000)
    results = written(tmp_path, [("x" * 400, "y"), ("x" * 400, "y"), ("x" * 4000, "y"), ("z", "y")], 10)
    ends = []
    first = 0
    while first < 4:
        first = results.page(ID, first, 1000).ends
        ends.append(first)
    assert ends == [2, 3, 4]


def test_nothing_is_there_before_all_is_written(tmp_path):
    results = Results(tmp_path)
    writer = ResultWriter(results.folder_of(ID), ("a",), limits.QUERY_RESULT_BYTES, delivers=False)
    writer.write(batch([("x",)]))
    with pytest.raises(ResultsGone):
        results.page(ID, 0, 10)
    writer.close()
    assert results.page(ID, 0, 10).rows == [("x",)]
    results.remove(ID)
    with pytest.raises(ResultsGone):
        results.page(ID, 0, 10)


def test_files_for_s3_hold_the_same_rows_and_their_own_hashes(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "RESULT_BATCH_ROWS", 100)
    monkeypatch.setattr(limits, "RESULT_FILE_BYTES", 50_000)
    rows = [(hashlib.sha256(b"%d" % number).hexdigest(), 'a "quoted", line\n') for number in range(10_000)]
    results = written(tmp_path, [*rows, ("null", None)], 100, delivers=True)
    files = results.about(ID).files
    assert [file.name for file in files] == [f"result_{number + 1}.csv.gz" for number in range(len(files))]
    assert len(files) > 2
    found = []
    for file in files:
        stored = results.file(ID, file.name)
        assert hashlib.sha256(stored).hexdigest() == file.sha256
        lines = list(csv.reader(io.StringIO(gzip.decompress(stored).decode(), newline="")))
        assert lines[0] == ["eventName", "eventName"]
        found += [tuple(line) for line in lines[1:]]
    assert found == [*rows, ("null", "")]


def test_an_answer_without_rows_is_a_file_with_names_alone(tmp_path):
    results = written(tmp_path, [], 1, delivers=True)
    (file,) = results.about(ID).files
    assert gzip.decompress(results.file(ID, file.name)) == b'"eventName","eventName"\n'


def test_too_much_is_an_error_and_not_a_full_disk(tmp_path, monkeypatch):
    writer = ResultWriter(tmp_path / ID, ("a",), 1000, delivers=False)
    with pytest.raises(ResponseTooLarge, match="Query response is too large"):
        for number in range(100):
            writer.write(batch([(hashlib.sha512(b"%d %d" % (number, one)).hexdigest(),) for one in range(2048)]))
    writer.abandon()
    monkeypatch.setattr(limits, "QUERY_RESERVE_BYTES", 1 << 62)
    writer = ResultWriter(tmp_path / "other", ("a",), limits.QUERY_RESULT_BYTES, delivers=False)
    writer.write(batch([("x",)]))
    with pytest.raises(NoRoomForResults):
        writer.close()
    writer.abandon()


def test_a_disk_that_ends_with_the_last_rows_is_told_as_such(tmp_path):
    writer = ResultWriter(tmp_path / ID, ("a",), limits.QUERY_RESULT_BYTES, delivers=True)
    writer.write(batch([("x",)]))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))  # the rows fit, what stands behind them does not
    try:
        with pytest.raises(NoRoomForResults):
            writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    writer.abandon()


def test_a_page_of_long_rows_takes_little_memory(tmp_path):
    writer = ResultWriter(tmp_path / ID, ("a", "b"), limits.QUERY_RESULT_BYTES, delivers=False)
    for first in range(0, 2048, 256):
        writer.write(batch([(str(first + one), "x" * 100_000) for one in range(256)]))
    writer.close()
    results, found, at = Results(tmp_path), [], 0
    while (page := results.page(ID, at, 1000)).rows:
        found += [int(row[0]) for row in page.rows]
        at = page.ends
    assert found == list(range(2048))
    with pa.memory_map(str(tmp_path / ID / "rows.arrow")) as file:
        reader = pa.ipc.open_file(file)
        sizes = [reader.get_batch(number).nbytes for number in range(reader.num_record_batches)]
    assert max(sizes) <= limits.RESULT_BATCH_BYTES < sum(sizes)


def test_a_row_that_no_page_could_hold_is_too_large_a_response(tmp_path):
    writer = ResultWriter(tmp_path / ID, ("a",), limits.QUERY_RESULT_BYTES, delivers=False)
    writer.write(batch([("x",), ("x" * (limits.RESULT_ROW_BYTES + 1),)]))
    with pytest.raises(ResponseTooLarge):
        writer.close()
    writer.abandon()
