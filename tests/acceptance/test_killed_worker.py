"""kill -9 of one process that answers calls: what it left are events within seconds, calls in the others go on.

Each call that reached the upstream has one record or one event of unknown outcome, also when the server is killed
while it makes them.
"""

import asyncio
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.server.processes.children import RUN_VARIABLE
from tests.acceptance.counted import CountedServer, HeldProgram, at_once, send_call
from tests.acceptance.program import eventually
from tests.recorder.rig import Arrived, ScriptedUpstream

pytestmark = pytest.mark.acceptance

KILLED = "calls-2.1"  # the first run of the second process
LONG = 2 * 1024 * 1024
EVENTS_SECONDS = 10.0  # the server looks for dead children twice a second; the rest is for a busy test machine
# What a call's record says, if nobody ends it: nothing where it was never announced, or was recorded before.
UNENDED = {
    "before-intent": "",
    "after-intent": "unknown",
    "in-the-upstream": "unknown",
    "before-record": "unknown",
    "after-record": "done",
    "while-the-answer-is-sent": "interrupted",
}
HELD = ("before-intent", "after-intent", "before-record", "after-record")


class Upstream(ScriptedUpstream):
    """Answers at once, after `let_go`, or for ever: as the stage wants that the key begins with."""

    def __init__(self) -> None:
        super().__init__()
        self.script = self._answer
        self._let_go = asyncio.Event()

    def let_go(self) -> None:
        """Answer the calls that wait, and all that come."""
        self._loop.call_soon_threadsafe(self._let_go.set)

    async def _answer(self, arrived: Arrived) -> None:
        stage = stage_of(arrived.target.rpartition("/")[2])
        if stage == "in-the-upstream":
            await self._let_go.wait()
        if stage != "while-the-answer-is-sent":
            await at_once(arrived)
            return
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {2 * LONG}\r\n\r\n".encode() + bytes(LONG))
        await arrived.writer.drain()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CountedServer]:
    upstream = Upstream()
    yield CountedServer(tmp_path, upstream, workers=3)
    upstream.close()


def stage_of(key: str) -> str:
    return key.rpartition("-")[0]


class Calls:
    """Calls that wait at their stages, some of each stage in each process."""

    def __init__(self, server: CountedServer, program: HeldProgram, *stages: str) -> None:
        self._server = server
        self._program = program
        self._stages = stages
        self._clients: list[socket.socket] = []
        self._keys: set[str] = set()
        assert eventually(self._spread, seconds=40), server.announced_by()
        assert eventually(self._there, seconds=20), "not all calls came to their stages"

    def _spread(self) -> bool:
        announced = {stage for stage in self._stages if UNENDED[stage] not in ("", "done")}
        for stage in self._stages:
            self._send(stage)
        found = [{stage_of(key) for key in keys} for keys in self._server.announced_by().values()]
        return [announced] * self._server.workers == found

    def _send(self, stage: str) -> None:
        key = f"{stage}-{uuid.uuid4().hex}"
        self._keys.add(key)
        self._clients.append(send_call(self._program, "GET" if UNENDED[stage] == "interrupted" else "PUT", key))
        time.sleep(0.02)  # else whichever process is awake takes them all

    def _there(self) -> bool:
        """Whether each is where it waits."""
        says = {key: [word] for keys in self._server.announced_by().values() for key, word in keys.items()}
        says |= self._server.told()
        arrived = set(self._server.arrived())
        return all(
            says.get(key, [""]) == [UNENDED[stage_of(key)]]
            and (key in arrived or stage_of(key) in ("before-intent", "after-intent"))
            for key in self._keys
        ) and self._program.held() >= sum(stage_of(key) in HELD for key in self._keys)

    def kill_worker(self) -> dict[str, dict[str, str]]:
        """kill -9 of one process; what all of them had announced."""
        announced = self._server.announced_by()
        assert self._program.process is not None
        command = ["pgrep", "-P", str(self._program.process.pid)]
        children = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        mark = f"{RUN_VARIABLE}={KILLED}\0"
        [worker] = [int(child) for child in children if mark in Path(f"/proc/{child}/environ").read_text()]
        os.kill(worker, signal.SIGKILL)
        return announced

    def close(self) -> None:
        """Their clients go away."""
        for client in self._clients:
            client.close()


def test_calls_of_a_killed_worker_are_events_soon_and_calls_of_others_go_on(server: CountedServer) -> None:
    program = server.start("named")
    calls = Calls(server, program, *UNENDED)
    told = server.told()
    announced = calls.kill_worker()
    left = announced.pop(KILLED)
    told |= {key: [says] for key, says in left.items()}
    assert eventually(lambda: KILLED not in server.announced_by(), seconds=EVENTS_SECONDS)
    assert server.told() == told, "what it left became events, and nothing else"
    assert server.announced_by() == announced, "calls in the other processes are under way"

    assert isinstance(server.upstream, Upstream)
    server.upstream.let_go()
    told |= {key: ["done"] for keys in announced.values() for key in keys if stage_of(key) == "in-the-upstream"}
    assert eventually(lambda: server.told() == told, seconds=20), "they end as ever"
    status, metrics = program.get("/metrics")
    assert status == 200 and f"opentrail_outcomes_unknown_total {float(len(left))}" in metrics
    calls.close()
    program.kill()


def test_events_of_a_killed_worker_are_there_once_if_the_server_is_killed_while_it_makes_them(
    server: CountedServer,
) -> None:
    told: dict[str, list[str]] = {}
    server.workers = 2
    for stage in ("before-events", "after-events"):
        program = server.start(stage)
        assert server.announced_by() == {} and server.told() == told
        calls = Calls(server, program, "in-the-upstream")
        announced = calls.kill_worker()
        assert eventually(lambda program=program: program.held() == 1, seconds=EVENTS_SECONDS)
        program.kill()
        calls.close()
        assert (KILLED in server.announced_by()) == (stage == "before-events")
        told |= {key: [says] for keys in announced.values() for key, says in keys.items()}
    server.workers = 1
    program = server.start()
    assert server.announced_by() == {} and server.told() == told
    assert program.stop() == 0
    checked = program.opentrail("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
