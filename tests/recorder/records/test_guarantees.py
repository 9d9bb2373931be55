"""What is on disk when an answer leaves, and what happens when the disk does not take it."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opentrail.journal import Journal, JournalUnwritable
from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream, eventually, signed_headers

LONG = 3 * 1024 * 1024


class FailingJournal:
    """The real journal behind a disk that can be made to refuse or to wait."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.refuses = False
        self.says_writable = True
        self.gate: threading.Event | None = None
        self.seen: list[str] = []

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        return self._guarded("record", lambda: self.journal.submit(*arguments, **options))

    def submit_intent(self, body: bytes, **options: Any) -> Future[Any]:
        return self._guarded("intent", lambda: self.journal.submit_intent(body, **options))

    def writable(self) -> bool:
        return self.says_writable and self.journal.writable()

    def append(self, *arguments: Any, **options: Any) -> Any:
        return self.submit(*arguments, **options).result()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    def _guarded(self, kind: str, act: Callable[[], Future[Any]]) -> Future[Any]:
        self.seen.append(kind)
        if self.refuses:
            failed: Future[Any] = Future()
            failed.set_exception(JournalUnwritable("the test's disk is full"))
            return failed
        gate = self.gate
        if gate is None:
            return act()
        waiting: Future[Any] = Future()

        def later() -> None:
            gate.wait(10)
            waiting.set_result(act().result())

        threading.Thread(target=later, daemon=True).start()
        return waiting


@pytest.fixture
def disk(start: Callable[..., RecorderServer]) -> Callable[..., tuple[RecorderServer, FailingJournal]]:
    def begin(**options: Any) -> tuple[RecorderServer, FailingJournal]:
        made: list[FailingJournal] = []

        def around(journal: Journal) -> FailingJournal:
            made.append(FailingJournal(journal))
            return made[0]

        recorder = start(journal_wrapper=around, **options)
        return recorder, made[0]

    return begin


Disk = Callable[..., tuple[RecorderServer, FailingJournal]]


async def long_answer(arrived: Arrived) -> None:
    await arrived.drop_body()
    await arrived.answer(200, bytes(LONG))


def test_a_short_answer_waits_for_its_record(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk()
    journal.gate = threading.Event()
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(recorder.call("GET", "/bucket/key")[0]))
    caller.start()
    eventually(lambda: "record" in journal.seen)
    caller.join(0.2)
    assert answers == [], "the answer left before its record was on disk"
    journal.gate.set()
    caller.join(5)
    assert answers == [200]


def test_a_long_answer_waits_for_an_intent_and_its_end_for_the_record(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk()
    upstream.script = long_answer
    journal.gate = threading.Event()
    headers = signed_headers("GET", f"{recorder.url}/bucket/key")
    lines = ["GET /bucket/key HTTP/1.1", f"Host: 127.0.0.1:{recorder.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=10) as client:
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        eventually(lambda: journal.seen == ["intent"])
        assert _received(client, 0.2) == b"", "the answer began before its intent was on disk"
        intent_gate, journal.gate = journal.gate, threading.Event()
        intent_gate.set()
        assert _peeked(client)
        beginning = _received(client, 0.5)
        head, _, body = beginning.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and 0 < len(body) < LONG
        assert journal.seen == ["intent", "record"] and len(recorder.journal.intents()) == 1
        journal.gate.set()
        rest = _received(client, 0.5)
    assert len(body) + len(rest) == LONG
    assert recorder.journal.intents() == []
    assert recorder.record()["additionalEventData"]["bytesTransferredOut"] == LONG


def test_a_stream_of_events_is_not_held_back_until_it_ends(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk()
    go_on = threading.Event()

    async def script(arrived: Arrived) -> None:
        kind = b"Content-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
        arrived.writer.write(b"HTTP/1.1 200 OK\r\n" + kind + b"5\r\nfirst\r\n")
        await asyncio.sleep(0.05)
        arrived.writer.write(b"6\r\nsecond\r\n")
        await asyncio.to_thread(go_on.wait, 10)
        arrived.writer.write(b"0\r\n\r\n")

    upstream.script = script
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("GET", "/", headers=signed_headers("GET", f"{recorder.url}/", service="kinesis"))
    response = connection.getresponse()
    assert response.read(5) == b"first", "the first event is there while the stream goes on"
    assert journal.seen == ["intent"]
    go_on.set()
    assert response.read() == b"second"
    connection.close()
    recorder.record()


def _received(client: socket.socket, quiet_seconds: float) -> bytes:
    """Everything that comes until nothing has come for `quiet_seconds`."""
    client.settimeout(quiet_seconds)
    parts = []
    with contextlib.suppress(TimeoutError):  # the silence that is waited for
        while part := client.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)


def _peeked(client: socket.socket) -> bytes:
    client.settimeout(5)
    return client.recv(1, socket.MSG_PEEK)


def test_no_answer_leaves_when_the_append_fails_and_the_record_follows(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk()
    journal.refuses = True
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        recorder.call("PUT", "/bucket/key", b"acted")
    assert len(upstream.arrived) == 1
    assert recorder.intake.waiting() == 1 and recorder.records() == []
    journal.refuses = False
    assert recorder.record()["eventName"] == "PutObject"


def test_no_long_answer_begins_when_the_intent_fails(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk()
    upstream.script = long_answer
    journal.refuses = True
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        recorder.call("GET", "/bucket/key")
    journal.refuses = False
    assert recorder.record()["eventName"] == "GetObject"


def test_a_long_answer_is_cut_when_its_record_fails(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk()

    async def script(arrived: Arrived) -> None:
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n".encode() + bytes(LONG - 10))
        await arrived.writer.drain()
        while "intent" not in journal.seen:
            await asyncio.sleep(0.01)
        journal.refuses = True
        arrived.writer.write(bytes(10))

    upstream.script = script
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        recorder.call("GET", "/bucket/key")
    assert len(recorder.journal.intents()) == 1
    journal.refuses = False
    assert recorder.record()["eventName"] == "GetObject"
    assert recorder.journal.intents() == []


def test_calls_are_refused_before_they_act_while_nothing_can_be_recorded(
    disk: Disk, upstream: ScriptedUpstream
) -> None:
    recorder, journal = disk()
    journal.says_writable = False
    for service, call in (("s3", "list_buckets"), ("sqs", "list_queues"), ("ec2", "describe_instances")):
        with pytest.raises(ClientError) as refused:
            getattr(recorder.client(service), call)()
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert upstream.arrived == []
    journal.says_writable = True
    told = recorder.record()
    assert (told["eventType"], told["serviceEventDetails"]["callsRefused"]) == ("AwsServiceEvent", 3)


def test_without_waiting_answers_go_on_and_their_records_follow(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk(guarantee="async")
    journal.refuses, journal.says_writable = True, False
    assert recorder.call("PUT", "/bucket/key", b"x")[0] == 200
    upstream.script = long_answer
    assert len(recorder.call("GET", "/bucket/key")[2]) == LONG
    assert recorder.records() == []
    journal.refuses, journal.says_writable = False, True
    recorder.record(2)
    assert [record["eventName"] for record in recorder.records()] == ["PutObject", "GetObject"]
    assert "intent" not in journal.seen


def test_write_ahead_has_the_intent_on_disk_before_the_upstream_has_the_call(
    disk: Disk, upstream: ScriptedUpstream
) -> None:
    recorder, journal = disk(guarantee="write-ahead")
    held: list[dict[str, Any]] = []

    async def script(arrived: Arrived) -> None:
        await arrived.drop_body()
        held.extend(json.loads(intent.body) for intent in recorder.journal.intents())
        await arrived.answer(200)

    upstream.script = script
    assert recorder.call("PUT", "/bucket/key", b"acted")[0] == 200
    (intent,) = held
    record = recorder.record()
    assert intent["additionalEventData"] == {"outcome": "unknown"} and "errorCode" not in intent
    for name in ("userIdentity", "eventSource", "eventName", "requestParameters", "resources", "recipientAccountId"):
        assert intent[name] == record[name]
    assert "outcome" not in record["additionalEventData"]
    assert recorder.journal.intents() == [] and journal.seen == ["intent", "record"]


def test_write_ahead_refuses_a_call_whose_intent_fails(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk(guarantee="write-ahead")
    journal.refuses = True
    assert recorder.call("PUT", "/bucket/key", b"never")[0] == 503
    assert upstream.arrived == []
    journal.refuses = False
    told = recorder.record()
    assert (told["eventType"], told["serviceEventDetails"]["callsRefused"]) == ("AwsServiceEvent", 1)


def test_a_long_answer_brings_the_intent_of_write_ahead_up_to_date(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, journal = disk(guarantee="write-ahead")
    between = threading.Event()

    async def script(arrived: Arrived) -> None:
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n".encode() + bytes(LONG - 10))
        await arrived.writer.drain()
        await asyncio.to_thread(between.wait, 10)
        arrived.writer.write(bytes(10))

    upstream.script = script
    caller = threading.Thread(target=lambda: recorder.call("GET", "/bucket/key"))
    caller.start()
    eventually(lambda: journal.seen == ["intent", "intent"])
    found = eventually(lambda: [i for i in recorder.journal.intents() if b"answerInterrupted" in i.body])
    assert len(recorder.journal.intents()) == len(found) == 1
    between.set()
    caller.join(10)
    assert recorder.record()["additionalEventData"]["bytesTransferredOut"] == LONG
    assert recorder.journal.intents() == []


@pytest.mark.parametrize("guarantee", ["durable", "write-ahead"])
def test_a_silent_upstream_leaves_one_record(disk: Disk, upstream: ScriptedUpstream, guarantee: str) -> None:
    recorder, _ = disk(guarantee=guarantee, first_byte_seconds=0.2)

    async def script(arrived: Arrived) -> None:
        await asyncio.sleep(2)

    upstream.script = script
    assert recorder.call("PUT", "/bucket/key", b"perhaps")[0] == 504
    assert recorder.record()["errorCode"] == "ServiceUnavailable"
    assert recorder.journal.intents() == []


@pytest.mark.parametrize("leaves", ["in-the-upstream", "before-its-body-is-whole", "while-it-is-answered"])
def test_a_client_that_leaves_makes_one_record(disk: Disk, upstream: ScriptedUpstream, leaves: str) -> None:
    recorder, _ = disk(guarantee="write-ahead")

    async def script(arrived: Arrived) -> None:
        if leaves == "while-it-is-answered":
            arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {8 * LONG}\r\n\r\n".encode() + bytes(8 * LONG))
            await arrived.writer.drain()
            return
        await arrived.drop_body()
        await asyncio.sleep(0.3)
        await arrived.answer(200)

    upstream.script = script
    declared = {"before-its-body-is-whole": 5000}.get(leaves, 5)
    method = "GET" if leaves == "while-it-is-answered" else "PUT"
    body = b"" if method == "GET" else b"bytes"
    signed = signed_headers(method, f"{recorder.url}/bucket/key", body, declared="UNSIGNED-PAYLOAD")
    lines = [f"{method} /bucket/key HTTP/1.1", f"Host: 127.0.0.1:{recorder.port}"]
    lines += [f"{name}: {value}" for name, value in signed.items()]
    if body:
        lines.append(f"Content-Length: {declared}")
    client = socket.create_connection(("127.0.0.1", recorder.port), timeout=10)
    client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    eventually(lambda: upstream.arrived)
    if leaves == "while-it-is-answered":
        client.recv(100)
    client.close()
    record = recorder.record()
    assert record["eventName"] == ("GetObject" if method == "GET" else "PutObject")
    eventually(lambda: recorder.journal.intents() == [])
    assert len(recorder.records()) == 1


def test_a_server_that_stops_records_calls_under_way_once(disk: Disk, upstream: ScriptedUpstream) -> None:
    recorder, _ = disk(guarantee="write-ahead")

    async def script(arrived: Arrived) -> None:
        await asyncio.sleep(30)

    upstream.script = script
    caller = threading.Thread(target=_quietly, args=(lambda: recorder.call("PUT", "/bucket/key", b"x"),))
    caller.start()
    eventually(lambda: upstream.arrived)
    recorder.stop_serving()
    caller.join(10)
    assert recorder.record()["errorMessage"].startswith("The recorder stopped")
    assert recorder.journal.intents() == []


def _quietly(call: Callable[[], Any]) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        call()
