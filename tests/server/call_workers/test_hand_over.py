"""Calls handed from a worker to the first process arrive as the worker had them, and as nobody else says."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.server.call_workers import metrics as process_metrics
from opentrail.server.call_workers.hand_over import HandOver, take_over
from opentrail.server.call_workers.metrics import all_metrics, leave_metrics
from tests.recorder.proxy.rig import PLAIN, proxy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


class Worker:
    """What a worker process does with calls of our own services, and at its end."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._handing: HandOver | None = None

    def __call__(self, exchange: Exchange) -> None:
        if self._handing is None:  # on the event loop that it belongs to
            self._handing = HandOver(self._socket_path, Outbox())
        self._handing(exchange)

    def close(self) -> None:
        assert self._handing is not None
        self._handing.close()


def test_the_caller_is_who_the_worker_saw(folder: Path) -> None:
    seen: list[Exchange] = []

    def first(exchange: Exchange) -> None:
        take_over(exchange)
        seen.append(exchange)
        exchange.answer(200, [], b"from the first")

    place = str(folder / "first")
    worker = Worker(place)
    with proxy(handle=first, socket_path=place), proxy(handle=worker, at_end=worker.close) as running:
        forged = b"GET /a?b HTTP/1.1\r\nHost: x\r\nX-OpenTrail-Caller: 192.0.2.1 https TLSv1.3 X\r\nX-Kept: 1\r\n\r\n"
        assert running.ask(forged).endswith(b"from the first")
    (exchange,) = seen
    request = exchange.request
    assert (request.client, request.scheme, request.tls) == ("127.0.0.1", "http", None)
    assert (request.path, request.query) == ("/a", "b")
    assert request.headers == (("host", "x"), ("x-kept", "1"))


@pytest.mark.parametrize("later", [False, True])
def test_the_connection_to_the_first_process_is_kept_between_calls_and_ends_with_the_worker(
    folder: Path, later: bool
) -> None:
    connections = set()

    def first(exchange: Exchange) -> None:
        connections.add(exchange._connection)
        if later:
            exchange.loop.call_soon(exchange.answer, 200, [], b"from the first")
        else:
            exchange.answer(200, [], b"from the first")

    place = str(folder / "first")
    worker = Worker(place)
    with proxy(handle=first, socket_path=place) as taking:
        with proxy(handle=worker, at_end=worker.close) as running, running.connect() as client:
            for _ in range(3):
                client.sendall(PLAIN)
                assert client.recv(1 << 16).endswith(b"from the first")
            assert len(connections) == 1, "kept between calls"
            client.close()
            begun = time.monotonic()
            running.stop()
        assert time.monotonic() - begun < 1, "a worker that has nothing to do ends at once"
        begun = time.monotonic()
        taking.stop()
        assert time.monotonic() - begun < 1, "nothing is left of the worker"


def test_what_processes_count_is_added_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    monkeypatch.setattr(process_metrics, "REGISTRY", registry)
    calls = Counter("opentrail_calls", "calls", ["door"], registry=registry)
    connections = Gauge("opentrail_client_connections", "connections", registry=registry)
    head = Gauge("opentrail_journal_head", "head", registry=registry)
    calls.labels("api").inc(2)
    connections.set(3)
    head.set(10)
    leave_metrics(folder, os.getpid())
    calls.labels("recorder").inc(5)
    with subprocess.Popen(["true"]) as killed:  # whose last metrics say that it has connections
        leave_metrics(folder, killed.pid)
    text = all_metrics(folder).decode()
    assert 'opentrail_calls_total{door="api"} 6.0' in text and 'opentrail_calls_total{door="recorder"} 10.0' in text
    assert "opentrail_client_connections 6.0" in text, "a process that has ended has no connections"
    assert "opentrail_journal_head 10.0" in text
    assert all_metrics(None).decode().count("opentrail_calls_total{") == 2
