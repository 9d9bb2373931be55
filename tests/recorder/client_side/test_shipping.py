"""The queue and its thread: what callers never notice, what is counted, what survives a fork and the end."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import opentrail
from opentrail import limits
from opentrail.recorder.client_side import attaching, watching
from opentrail.recorder.client_side.attaching import Recording
from opentrail.recorder.client_side.caller import Callers
from opentrail.recorder.client_side.destinations import FileDestination, Sent
from opentrail.recorder.client_side.reported import ReportedBatch
from tests.recorder.rig import eventually


class Shelf:
    """A destination that keeps batches, refuses them, or cannot take them for a while."""

    def __init__(self) -> None:
        self.answers: list[Sent] = []  # the next ones; then KEPT
        self.gate: threading.Event | None = None
        self.tried: list[ReportedBatch] = []
        self.kept: list[ReportedBatch] = []
        self.closed = False

    def send(self, batch: ReportedBatch) -> Sent:
        self.tried.append(batch)
        if self.gate is not None:
            self.gate.wait(20)
        answer = self.answers.pop(0) if self.answers else Sent.KEPT
        if answer is Sent.KEPT:
            self.kept.append(batch)
        return answer

    def close(self) -> None:
        self.closed = True

    def names(self) -> list[str]:
        return [json.loads(bytes(raw))["requestParameters"]["queueName"] for b in self.kept for raw in b.records]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def recording(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recording]:
    monkeypatch.setattr(limits, "CLIENT_GATHER_SECONDS", 0.02)
    monkeypatch.setattr(limits, "CLIENT_RETRY_SECONDS", 0.02)
    made = Recording(shelf, Callers(ask=False))
    yield made
    if shelf.gate is not None:
        shelf.gate.set()
    made.close(1.0)


@pytest.fixture
def call(moto: str, recording: Recording) -> Iterator[Callable[[str], Any]]:
    client = boto3.client("sqs", "us-east-1", endpoint_url=moto, aws_access_key_id="k", aws_secret_access_key="s")
    recording.attach(client)
    yield lambda name: client.create_queue(QueueName=name)
    client.close()


Call = Callable[[str], Any]


def test_calls_go_out_in_order_and_together(call: Call, recording: Recording, shelf: Shelf) -> None:
    for number in range(5):
        call(f"q{number}")
    assert recording.flush(10)
    assert shelf.names() == [f"q{number}" for number in range(5)]
    assert recording.counts.noted == recording.counts.reported == 5


def test_a_batch_is_tried_again_as_it_was_until_it_is_kept(call: Call, recording: Recording, shelf: Shelf) -> None:
    shelf.answers = [Sent.LATER, Sent.LATER]
    call("q")
    assert recording.flush(10)
    assert [batch.attempt for batch in shelf.tried] == [1, 2, 3]
    assert len({batch.batch_id for batch in shelf.tried}) == 1
    assert len({bytes(batch.records[0]) for batch in shelf.tried}) == 1
    assert shelf.names() == ["q"] and recording.counts.reported == 1


def test_what_is_refused_for_good_is_counted_and_holds_up_nothing(
    call: Call, recording: Recording, shelf: Shelf
) -> None:
    shelf.answers = [Sent.REFUSED]
    call("bad")
    assert recording.flush(10)
    call("good")
    assert recording.flush(10)
    assert shelf.names() == ["good"]
    counts = recording.counts
    assert (counts.noted, counts.reported, counts.refused, counts.lost) == (2, 1, 1, 0)


def test_callers_do_not_wait_for_a_destination_that_hangs(call: Call, recording: Recording, shelf: Shelf) -> None:
    shelf.gate = threading.Event()
    call("first")
    eventually(lambda: shelf.tried)
    began = time.monotonic()
    for number in range(3):
        call(f"q{number}")
    assert time.monotonic() - began < 5
    shelf.gate.set()
    assert recording.flush(10)
    assert shelf.names() == ["first", "q0", "q1", "q2"]


def test_what_finds_no_room_is_counted_and_told_once(
    call: Call, recording: Recording, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CLIENT_WAITING_CALLS", 2)
    shelf.gate = threading.Event()
    call("first")
    eventually(lambda: shelf.tried)
    for number in range(5):
        call(f"q{number}")
    shelf.gate.set()
    assert recording.flush(10)
    call("last")
    assert recording.flush(10)
    assert shelf.names() == ["first", "q0", "q1", "last"]
    assert [batch.lost.calls for batch in shelf.kept if batch.lost is not None] == [3]
    assert (recording.counts.noted, recording.counts.reported, recording.counts.lost) == (7, 4, 3)


def test_waiting_calls_are_bounded_by_their_bytes(
    call: Call, recording: Recording, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CLIENT_WAITING_BYTES", 1)
    call("q")
    assert recording.counts.lost == 1 and shelf.tried == []


@pytest.mark.parametrize("broken", ["_noted", "time"])
def test_a_fault_of_ours_is_counted_and_never_the_caller_s(
    call: Call, recording: Recording, monkeypatch: pytest.MonkeyPatch, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, broken, None)
    with caplog.at_level(logging.WARNING, "opentrail.client"):
        assert call("q")["QueueUrl"].endswith("/q")
    assert recording.counts.lost == 1 and "a call was not recorded" in caplog.text


def test_a_call_that_cannot_be_understood_holds_up_no_other(
    call: Call, recording: Recording, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentrail.recorder.client_side import shipping

    understand = shipping.understand
    failing = iter([True])

    def once(*arguments: Any) -> list[bytes]:
        if next(failing, False):
            raise RuntimeError("broken")
        return understand(*arguments)

    monkeypatch.setattr(shipping, "understand", once)
    call("bad")
    call("good")
    assert recording.flush(10)
    assert shelf.names() == ["good"] and recording.counts.lost == 1


def test_closing_reports_what_waits_and_then_gives_up(call: Call, recording: Recording, shelf: Shelf) -> None:
    call("q")
    assert recording.close(10) == 0 and shelf.names() == ["q"] and shelf.closed
    call("unheard")
    assert recording.counts.noted == 1


def test_closing_gives_up_in_time(call: Call, recording: Recording, shelf: Shelf) -> None:
    shelf.answers = [Sent.LATER] * 10_000
    call("q")
    began = time.monotonic()
    assert recording.close(0.3) == 1
    assert time.monotonic() - began < 5 and recording.counts.lost == 1


def test_a_broken_write_leaves_nothing_of_its_batch(tmp_path: Path) -> None:
    import msgspec

    file = FileDestination(tmp_path / "calls.jsonl")
    batch = ReportedBatch("0" * 36, [msgspec.Raw(b'{"a":1}'), msgspec.Raw(b'{"b":2}')])
    assert file.send(batch) is Sent.KEPT
    assert (tmp_path / "calls.jsonl").read_bytes() == b'{"a":1}\n{"b":2}\n'
    assert (tmp_path / "calls.jsonl").stat().st_mode & 0o077 == 0
    assert FileDestination(tmp_path / "no" / "such" / "folder").send(batch) is Sent.LATER
    if Path("/dev/full").exists():
        assert FileDestination(Path("/dev/full")).send(batch) is Sent.LATER


FORKING = """
import os, sys, boto3, opentrail
session = boto3.Session("k", "s", region_name="us-east-1")
opentrail.record(session, file=sys.argv[2], identity=False)
client = session.client("sqs", endpoint_url=sys.argv[1])
client.create_queue(QueueName="parent-before")
pid = os.fork()
client.create_queue(QueueName="parent-after" if pid else "child")
if pid:
    os.waitpid(pid, 0)
"""


def test_after_a_fork_each_process_reports_its_own_calls_and_all_at_its_end(moto: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, moto, str(file)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONFAULTHANDLER": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = [json.loads(line)["requestParameters"]["queueName"] for line in file.read_text().splitlines()]
    assert sorted(names) == ["child", "parent-after", "parent-before"]


def test_importing_opentrail_costs_next_to_nothing() -> None:
    code = (
        "import sys, opentrail\n"
        "assert 'botocore' not in sys.modules and 'msgspec' not in sys.modules\n"
        "import opentrail.record.text, opentrail.recorder.client_side as plug_in\n"
        "heavy = {'uvicorn', 'aiohttp', 'pyarrow', 'duckdb', 'sqlalchemy', 'starlette', 'uvloop'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
        "assert callable(opentrail.record) and opentrail.record.text.split_records\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_record_is_the_plug_in_s_function() -> None:
    with pytest.raises(attaching.NotRecordable):
        opentrail.record(object())
