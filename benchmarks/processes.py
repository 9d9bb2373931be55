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


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed in the middle of an answer")
    return data


def children(process: int, *named: str) -> dict[str, int]:
    """The process IDs of the children of `process` whose command lines hold these words, by the words."""
    found: dict[str, int] = {}
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_bytes().decode()
        found.update({words: int(child) for words in named if words in command})
    return found
