"""The guarantee `write-ahead` through the whole program: kill -9 at every stage of a call, and under load.

Of calls that were cut off, each that reached the upstream has a record or an event of unknown outcome; none has two.
"""

import contextlib
import http.client
import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance.counted import CountedServer, at_once, send_call
from tests.acceptance.program import Program, eventually
from tests.recorder.rig import Arrived, ScriptedUpstream, signed_headers

pytestmark = pytest.mark.acceptance

LONG = 2 * 1024 * 1024
HELD = ("before-intent", "after-intent", "before-record", "after-record")
STAGES = (*HELD[:2], "in-the-upstream", *HELD[2:], "while-the-answer-is-sent")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CountedServer]:
    upstream = ScriptedUpstream()
    yield CountedServer(tmp_path, upstream)
    upstream.close()


async def _never(arrived: Arrived) -> None:
    await arrived.drop_body()


async def _at_length(arrived: Arrived) -> None:
    """The beginning of an answer that goes on for ever."""
    await arrived.drop_body()
    arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {2 * LONG}\r\n\r\n".encode() + bytes(LONG))
    await arrived.writer.drain()


def _cut_off(server: CountedServer, stage: str, calls: int) -> None:
    """Kill the program when all of `calls` calls are at `stage`."""
    program = server.start(stage if stage in HELD else "none")
    server.upstream.script = {"in-the-upstream": _never, "while-the-answer-is-sent": _at_length}.get(stage, at_once)
    before = len(server.upstream.arrived)
    method = "GET" if stage == "while-the-answer-is-sent" else "PUT"
    keys = [f"{stage}-{uuid.uuid4()}" for _ in range(calls)]
    clients = [send_call(program, method, key) for key in keys]

    def there() -> bool:
        if stage in HELD:
            return program.held() == calls
        if stage == "in-the-upstream":
            return len(server.upstream.arrived) - before == calls
        return sum(b"answerInterrupted" in intent for intent in server.intents()) == calls

    assert eventually(there, seconds=30), f"{stage}: {program.held()} of {calls} held\n{''.join(program.output[-20:])}"
    program.kill()
    for client in clients:
        client.close()
    says = {"before-intent": "", "after-record": "done", "while-the-answer-is-sent": "interrupted"}
    server.expected |= dict.fromkeys(keys, says.get(stage, "unknown"))


class Told(NamedTuple):
    lost: set[str]  # keys of calls that reached the upstream and left nothing
    twice: dict[str, list[str]]  # keys of calls with two events, and what these say
    wrong: dict[str, tuple[str, list[str] | None]]  # keys of calls whose event says something else: what it should


NOTHING_WRONG = Told(set(), {}, {})


def _told(server: CountedServer) -> Told:
    """What is wrong with the events that the next start makes of what the last one left."""
    program = server.start()
    assert server.intents() == []
    told = server.told()
    lost = set(server.arrived()) - told.keys()
    twice = {key: says for key, says in told.items() if len(says) > 1}
    wrong = {key: (says, told.get(key)) for key, says in server.expected.items() if told.get(key, [""]) != [says]}
    status, metrics = program.get("/metrics")
    assert status == 200 and "opentrail_outcomes_unknown_total" in metrics
    assert program.stop() == 0
    checked = program.opentrail("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return Told(lost, twice, wrong)


def _rounds(server: CountedServer, rounds: int, calls: int) -> Told:
    """Cut calls off at each stage, `calls` at a time, `rounds` times."""
    for _ in range(rounds):
        for stage in STAGES:
            _cut_off(server, stage, calls)
    told = _told(server)
    by_stage = {stage: sum(key.startswith(stage) for key in server.expected) for stage in STAGES}
    assert set(by_stage.values()) == {rounds * calls}
    reached = [key for key in server.expected if not key.startswith(("before-intent", "after-intent"))]
    assert sorted(server.arrived()) == sorted(reached), "held before the upstream is before the upstream"
    return told


def test_calls_cut_off_at_every_stage_have_a_record_or_an_unknown_outcome(server: CountedServer) -> None:
    assert _rounds(server, rounds=1, calls=8) == NOTHING_WRONG


@pytest.mark.soak
def test_1000_calls_cut_off_at_each_stage_have_a_record_or_an_unknown_outcome(server: CountedServer) -> None:
    assert _rounds(server, rounds=10, calls=100) == NOTHING_WRONG


class Callers:
    """Callers that put objects as fast as they are answered; `answered` are the keys whose answer came."""

    def __init__(self, program: Program, count: int) -> None:
        self._program = program
        self._stop = threading.Event()
        self.answered: list[str] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _call(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._program.port, timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while not self._stop.is_set():
                key = f"load-{uuid.uuid4()}"
                headers = signed_headers("PUT", f"{self._program.endpoint}/bucket/{key}", b"bytes")
                connection.request("PUT", f"/bucket/{key}", b"bytes", headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.answered.append(key)
        connection.close()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)


def _kill_under_load(server: CountedServer, rounds: int) -> Told:
    server.upstream.script = at_once
    chance = random.Random(20261121)
    for _ in range(rounds):
        program = server.start()
        callers = Callers(program, 8)
        time.sleep(chance.uniform(0.2, 1.2))
        program.kill()
        callers.stop()
        server.expected |= dict.fromkeys(callers.answered, "done")
    assert len(server.expected) > 20 * rounds, "the load never ran"
    assert len(set(server.arrived())) == len(server.arrived())
    return _told(server)


def test_calls_that_reached_the_upstream_survive_kill_9_under_load(server: CountedServer) -> None:
    assert _kill_under_load(server, rounds=3) == NOTHING_WRONG


@pytest.mark.soak
def test_calls_that_reached_the_upstream_survive_100_times_kill_9(server: CountedServer) -> None:
    assert _kill_under_load(server, rounds=100) == NOTHING_WRONG
