"""What the process of a query does: confines itself, compiles, says so, runs when told to, writes results, ends."""

import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Final

import duckdb

from opentrail import limits
from opentrail.clock import SystemClock
from opentrail.errors import OpenTrailError
from opentrail.lake.engine import Answer, Engine, QueryFailed, Spill
from opentrail.lake.queries import job as talk
from opentrail.lake.queries.confinement import confine, limit_cpu_from_here, limit_resources
from opentrail.lake.queries.results import SPILL, ResultWriter
from opentrail.lake.queries.tables import open_tables
from opentrail.lake.sql.faults import NESTED_TOO_DEEPLY, InvalidQueryStatement

UNREADABLE: Final = "The files of the event data store could not be read."


def run_query(channel: socket.socket) -> None:
    """Serve one query on `channel`, until it has ended or the server has gone."""
    job = talk.asked(channel)
    assert isinstance(job, talk.Job)
    results = Path(job.results)
    results.mkdir(parents=True, exist_ok=True)
    file_bytes = max(job.result_bytes + limits.RESULT_FILE_BYTES, limits.QUERY_SPILL_BYTES)
    limit_resources(memory_bytes=job.memory_bytes, cpu_seconds=job.cpu_seconds, file_bytes=file_bytes)
    clock = _StartedAt(job.started_us)
    try:
        with open_tables(job, clock) as tables:
            files = [path for table in tables.values() for path in table.files]
            confine(reads=files, writes=[results])
            _serve(channel, job, Engine(tables, clock, job.memory_bytes, _spill(results)))
    except MemoryError:
        talk.send(channel, talk.Refused(talk.EXHAUSTED))


def _serve(channel: socket.socket, job: talk.Job, engine: Engine) -> None:
    """From here on the statement decides what happens."""
    limit_cpu_from_here(limits.QUERY_STATEMENT_SECONDS)
    try:
        answer = engine.prepare(job.statement)
    except InvalidQueryStatement as refused:
        exhausted = isinstance(refused.__cause__, duckdb.OutOfMemoryException)
        talk.send(channel, talk.Refused(talk.EXHAUSTED if exhausted else refused.message))
        return
    except RecursionError:
        talk.send(channel, talk.Refused(NESTED_TOO_DEEPLY))
        return
    limit_cpu_from_here(None)
    talk.send(channel, talk.Accepted(tuple(sorted(answer.tables))))
    talk.asked(channel)
    stop = _Stop(channel, engine)
    talk.send(channel, _run(job, answer, stop))


def _spill(results: Path) -> Spill:
    """Beside the results, and gone with the process; the disk keeps what others need."""
    free = shutil.disk_usage(results).free - limits.QUERY_RESERVE_BYTES
    return Spill(results / SPILL, max(min(limits.QUERY_SPILL_BYTES, free // 2), 0))


class _StartedAt(SystemClock):
    """A clock that says when the query was started."""

    def __init__(self, started_us: int) -> None:
        self._started_us = started_us

    def now_us(self) -> int:
        return self._started_us


class _Stop:
    """Listens to the server while the query runs: told to stop, the engine is interrupted; left alone, all ends."""

    def __init__(self, channel: socket.socket, engine: Engine) -> None:
        self._channel = channel
        self._engine = engine
        self.asked = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            talk.asked(self._channel)
        except OpenTrailError:
            os._exit(1)  # nobody waits for the answer
        self.asked = True
        self._engine.interrupt()


def _run(job: talk.Job, answer: Answer, stop: _Stop) -> talk.Ended:
    began = time.monotonic()
    writer = ResultWriter(Path(job.results), answer.names, job.result_bytes, delivers=job.delivers)
    error: str | None = None
    try:
        for batch in answer.texts():
            writer.write(batch)
    except QueryFailed as failure:
        error = _told(failure)
    except MemoryError:
        error = talk.EXHAUSTED
    except OpenTrailError as failure:
        error = failure.message
    if error is not None and not stop.asked:
        writer.abandon()
        return talk.Ended("failed", error, execution_ms=_since(began))
    try:
        about = writer.close()
    except OpenTrailError as failure:
        return talk.Ended("failed", failure.message, execution_ms=_since(began))
    looked_at = answer.measured()
    return talk.Ended(
        "finished" if error is None else "stopped",
        rows=about.rows,
        events_matched=looked_at.matched,
        events_scanned=looked_at.scanned,
        bytes_scanned=looked_at.bytes_read,
        execution_ms=_since(began),
    )


def _told(failure: QueryFailed) -> str:
    """What the caller is told: no paths of ours, and AWS's words where it has some."""
    if isinstance(failure.__cause__, duckdb.OutOfMemoryException):
        return talk.EXHAUSTED
    if isinstance(failure.__cause__, duckdb.IOException):
        return UNREADABLE
    return failure.message


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
