"""Queries from start to end: states, limits, cancelling, restarts, whose stores they may name."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from opentrail import limits
from opentrail.lake.faults import StoreInactive, StoreNotFound
from opentrail.lake.queries.faults import QueriesThrottled, QueryInactive, QueryNotFound, TooManyQueries
from opentrail.lake.queries.job import EXHAUSTED
from opentrail.lake.queries.processes import QueryProcesses
from opentrail.lake.queries.service import INTERRUPTED, Asked
from opentrail.lake.sql.faults import InvalidQueryStatement
from tests.lake.queries.rig import (
    ACCOUNT,
    ACTIVITY_STORE,
    ENDLESS,
    OTHER,
    REGION,
    STORE,
    STORE_OF_OTHER,
    QueryRig,
)


def test_what_was_just_recorded_is_in_the_answer(rig: QueryRig) -> None:
    rig.record("CreateBucket", "GetBucketAcl")
    query = rig.wait(rig.start(f"SELECT eventName, readOnly, errorCode FROM {STORE} ORDER BY eventTime, 1"))
    page = rig.results.page(query.id, 0, 10)
    assert page.names == ("eventName", "readOnly", "errorCode")
    assert sorted(page.rows) == [("CreateBucket", "false", None), ("GetBucketAcl", "true", None)]
    assert (query.status, query.rows, query.events_matched, query.events_scanned) == ("FINISHED", 2, 2, 2)
    rig.record("DeleteBucket")
    counted = rig.wait(rig.start(f"SELECT count(*) FROM {STORE} WHERE eventName LIKE '%Bucket'"))
    assert rig.results.page(counted.id, 0, 1).rows == [("2",)]
    assert (counted.events_matched, counted.events_scanned) == (2, 3)


@pytest.mark.parametrize("word", ["OR", "AND"])
def test_events_in_memory_bear_as_many_conditions_as_a_statement_can_have(rig: QueryRig, word: str) -> None:
    rig.record("CreateBucket")
    told = "=" if word == "OR" else "<>"
    conditions = f" {word} ".join(f"eventName{told}'e{number}'" for number in range(400))
    assert rig.answer(f"SELECT count(*) FROM {STORE} WHERE {conditions}") == [("0" if word == "OR" else "1",)]


def test_a_statement_that_is_nested_too_deeply_is_refused_in_words(rig: QueryRig, capfd) -> None:
    with pytest.raises(InvalidQueryStatement, match="nested too deeply"):
        rig.start(f"SELECT {'+'.join(['1'] * 4000)} FROM {STORE}")
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("1 / (length(eventName) - 12)", "Division by zero"),
        ("CAST(eventName AS bigint)", "no whole number: CreateBucket"),
    ],
)
def test_what_fails_while_running_is_told_without_the_engine_s_own_advice(
    rig: QueryRig, expression: str, told: str
) -> None:
    rig.record("CreateBucket")
    query = rig.wait(rig.start(f"SELECT {expression} FROM {STORE}"))
    assert (query.status, query.error) == ("FAILED", told)


def test_a_sealed_journal_is_opened_with_the_keys_that_the_process_is_told(
    tmp_path: Path, processes: QueryProcesses
) -> None:
    rig = QueryRig(tmp_path, processes, {1: b"k" * 32})
    rig.open()
    rig.record("CreateBucket")
    assert b"CreateBucket" not in (tmp_path / "journal" / "journal.db-wal").read_bytes()
    assert rig.answer(f"SELECT eventName FROM {STORE}") == [("CreateBucket",)]
    assert not any(b"k" * 32 in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    rig.close()


def test_several_stores_in_one_query_also_of_different_categories(rig: QueryRig) -> None:
    rig.record("CreateBucket")
    both = f"SELECT eventCategory FROM {STORE} UNION ALL SELECT eventdata.eventname FROM {ACTIVITY_STORE}"
    assert rig.answer(both) == [("Management",)]


def test_a_store_of_another_account_is_not_there(rig: QueryRig) -> None:
    for statement in (
        f"SELECT * FROM {STORE_OF_OTHER}",
        f'SELECT * FROM "{STORE_OF_OTHER.upper()}"',
        f"SELECT (SELECT count(*) FROM {STORE_OF_OTHER}) FROM {STORE}",
    ):
        with pytest.raises(StoreNotFound):
            rig.start(statement)
    assert rig.service.start(Asked(OTHER, REGION, f"SELECT * FROM {STORE_OF_OTHER}")).status in ("RUNNING", "QUEUED")


def test_an_id_in_a_text_is_no_store(rig: QueryRig) -> None:
    assert rig.answer(f"SELECT count(*) FROM {STORE} WHERE eventID = '{STORE_OF_OTHER}' -- {STORE_OF_OTHER}") == [
        ("0",)
    ]


def test_a_store_that_is_to_be_deleted_cannot_be_queried(rig: QueryRig) -> None:
    gone = "0b0b0b0b-0000-4000-8000-000000000009"
    rig.make_store(gone, ACCOUNT, status="PENDING_DELETION")
    with pytest.raises(StoreInactive):
        rig.start(f"SELECT * FROM {gone}")


@pytest.mark.parametrize(
    "statement",
    [
        "SELEC 1",
        "SELECT 1",
        f"SELECT nope FROM {STORE}",
        f"DROP TABLE {STORE}",
        f"SELECT 1 FROM {STORE}; SELECT 2",
        "(",
    ],
)
def test_what_cannot_be_run_is_refused_at_once_and_leaves_nothing(rig: QueryRig, statement: str) -> None:
    with pytest.raises(InvalidQueryStatement):
        rig.start(statement)
    assert rig.catalog.under_way() == []
    assert rig.results.ids() == []


def test_a_query_is_known_to_its_account_and_region_alone(rig: QueryRig) -> None:
    query = rig.start(f"SELECT eventName FROM {STORE}")
    for account, region in ((OTHER, REGION), (ACCOUNT, "us-east-1")):
        with pytest.raises(QueryNotFound):
            rig.service.find(query.id, account, region)


# A pattern that goes back and forth between its repetitions for longer than anybody waits.
GOING_BACK = (
    f"SELECT regexp_like('{'a' * 48}!' || n, '^(?=a)(a+)+$') FROM (VALUES 'x', 'y') AS t (n) LEFT JOIN {STORE} ON false"
)


@pytest.mark.parametrize("endless", [ENDLESS, GOING_BACK], ids=["joins", "pattern"])
def test_cancelled_within_two_seconds_and_its_process_is_gone(rig: QueryRig, endless: str) -> None:
    query = rig.start(endless)
    time.sleep(0.3)
    assert rig.found(query).status == "RUNNING"
    began = time.monotonic()
    rig.service.cancel(query)
    assert rig.found(query).status == "CANCELLED"
    while rig.service.running():
        assert time.monotonic() - began < 2.0
        time.sleep(0.01)
    assert rig.results.ids() == []
    with pytest.raises(QueryInactive):
        rig.service.cancel(query)


def test_over_the_machine_s_own_parallelism_queries_wait_and_run_in_order(rig: QueryRig) -> None:
    running = [rig.start(ENDLESS) for _ in range(2)]
    waiting = [rig.start(f"SELECT count(*) FROM {STORE}") for _ in range(2)]
    assert [rig.found(one).status for one in (*running, *waiting)] == ["RUNNING", "RUNNING", "QUEUED", "QUEUED"]
    rig.service.cancel(waiting[0])
    assert rig.found(waiting[0]).status == "CANCELLED"
    rig.service.cancel(running[0])
    assert rig.wait(waiting[1]).status == "FINISHED"
    rig.service.cancel(running[1])


def test_ten_at_most_for_an_account(rig: QueryRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUERIES_PER_ACCOUNT", 3)
    started = [rig.start(ENDLESS) for _ in range(3)]
    with pytest.raises(TooManyQueries):
        rig.start(f"SELECT eventName FROM {STORE}")
    assert rig.service.start(Asked(OTHER, REGION, f"SELECT eventName FROM {STORE_OF_OTHER}")).status == "QUEUED"
    for query in started:
        rig.service.cancel(query)


def test_no_more_statements_are_checked_at_once_than_leave_other_calls_their_threads(
    tmp_path: Path, processes: QueryProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limits.QUERY_CHECKS < limits.API_THREADS
    monkeypatch.setattr(limits, "QUERY_CHECKS", 1)
    rig = QueryRig(tmp_path, processes)
    rig.open()
    started: list[object] = []

    def start() -> None:
        try:
            started.append(rig.start(f"SELECT count(*) FROM {STORE}").status)
        except QueriesThrottled:
            started.append(None)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None in started and len(set(started)) > 1
    assert rig.answer(f"SELECT count(*) FROM {STORE}") == [("0",)]
    rig.close()


def test_out_of_time_it_ends_with_the_rows_that_are_there(rig: QueryRig) -> None:
    rig.service.close()
    rig.open(seconds=0.5)
    query = rig.wait(rig.start(ENDLESS), 5.0)
    assert (query.status, query.rows) == ("TIMED_OUT", 0)


def test_what_ran_when_the_server_was_killed_has_failed_and_what_waited_is_run(rig: QueryRig) -> None:
    running = [rig.start(ENDLESS) for _ in range(2)]
    waiting = rig.start(f"SELECT count(*) FROM {STORE}")
    before = rig.service
    rig.open()  # as another process would, the first one having died in the middle
    for query in running:
        found = rig.found(query)
        assert (found.status, found.error) == ("FAILED", INTERRUPTED)
    assert rig.wait(waiting).status == "FINISHED"
    before.close()
    assert rig.found(running[0]).error == INTERRUPTED


def test_queries_that_run_when_the_server_stops_have_failed(rig: QueryRig) -> None:
    query = rig.start(ENDLESS)
    rig.service.close()
    found = rig.catalog.find(query.id)
    assert found is not None and (found.status, found.error) == ("FAILED", INTERRUPTED)
    rig.open()


def test_the_warm_process_is_made_anew_when_it_was_killed(rig: QueryRig) -> None:
    rig.record("CreateBucket")
    assert rig.answer(f"SELECT count(*) FROM {STORE}") == [("1",)]
    os.kill(rig.processes.starter_pid, signal.SIGKILL)
    assert rig.answer(f"SELECT count(*) FROM {STORE}") == [("1",)]


def test_queries_end_with_the_warm_process(rig: QueryRig) -> None:
    query = rig.start(ENDLESS)
    os.kill(rig.processes.starter_pid, signal.SIGKILL)
    found = rig.wait(query, 5.0)
    assert (found.status, found.error) == ("FAILED", EXHAUSTED)


def test_after_seven_days_query_and_results_are_gone(rig: QueryRig) -> None:
    query = rig.wait(rig.start(f"SELECT count(*) FROM {STORE}"))
    rig.service.sweep()
    assert rig.results.ids() == [query.id]
    rig.clock.advance(limits.QUERY_KEPT_SECONDS + 1)
    rig.service.sweep()
    assert rig.results.ids() == []
    with pytest.raises(QueryNotFound):
        rig.found(query)


def test_many_callers_at_once_all_get_their_answers(rig: QueryRig) -> None:
    rig.record("CreateBucket", "GetBucketAcl", "ListUsers")
    answers: list[object] = []

    def ask() -> None:
        answers.append(rig.answer(f"SELECT count(*) FROM {STORE}"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[("3",)]] * 6
