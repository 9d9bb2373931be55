"""What the measurements share: ports, CPU time of another process, a bare keep-alive client."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opentrail.server.ports.listening import free_ports

START_SECONDS = 60.0


def free_port() -> int:
    """A loopback port that nobody listens on."""
    return free_ports(1)[0]


def wait_for_port(port: int) -> None:
    """Return when somebody listens on `port`. Raises TimeoutError."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody listens on {port}")


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Memory that a process holds, in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1048576


def ask(port: int, call: bytes, *, until: float, latencies: list[float], every_seconds: float = 0.0) -> None:
    """Send `call` again and again until the clock (`time.perf_counter`) says `until`; at most once `every_seconds`.

    The connection is kept for as long as the other side keeps it. `latencies` gets the milliseconds of every whole
    answer. Raises ConnectionError where an answer breaks off.
    """
    connection: socket.socket | None = None
    due = time.perf_counter()
    while (began := time.perf_counter()) < until:
        if began < due:
            time.sleep(due - began)
            began = time.perf_counter()
        due += every_seconds
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port), timeout=60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(call)
        kept = _read_answer(connection)
        latencies.append((time.perf_counter() - began) * 1000)
        if not kept:
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


@contextmanager
def kept_connection(port: int) -> Iterator[Callable[[bytes], bytes]]:
    """What sends a call over one connection and returns the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send(call: bytes) -> bytes:
            connection.sendall(call)
            answer = b""
            while (end := answer.find(b"\r\n\r\n")) < 0:
                answer += _receive(connection)
            at = answer.lower().find(b"content-length:")
            wanted = end + 4 + int(answer[at + 15 : end + 2].split(b"\r\n", 1)[0])
            while len(answer) < wanted:
                answer += _receive(connection)
            return answer

        yield send


def _read_answer(connection: socket.socket) -> bool:
    """Read one answer; whether the other side keeps the connection."""
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += _receive(connection)
    head = answer[:end].lower()
    at = head.find(b"content-length:")
    wanted = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
    received = len(answer)
    while received < wanted:
        received += len(_receive(connection))
    return b"connection: close" not in head


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed in the middle of an answer")
    return data
