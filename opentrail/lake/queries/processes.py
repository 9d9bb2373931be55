"""The server's side of the processes of queries: started through the warm one, told what to do, killed.

The warm process (`starter`) is made when this is, and made anew when it has ended.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from types import TracebackType
from typing import Final

from opentrail import limits
from opentrail.errors import Unavailable
from opentrail.lake.queries import job as talk
from opentrail.lake.sql.faults import InvalidQueryStatement

_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "HOME", "LANG", "LD_LIBRARY_PATH")


class NoQueryProcess(Unavailable):
    """No process could be started for the query. Try again."""


class QueryProcess:
    """One process of a query. Used by one thread at a time, but for `kill`."""

    def __init__(self, channel: socket.socket, handle: int | None) -> None:
        self._channel = channel
        self._handle = handle
        self._lock = threading.Lock()

    def __enter__(self) -> "QueryProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def accepted(self, seconds: float) -> talk.Accepted:
        """Whether the statement can be run. Raises InvalidQueryStatement, ProcessGone, TimeoutError."""
        self._channel.settimeout(seconds)
        answer = talk.told(self._channel)
        if isinstance(answer, talk.Refused):
            raise InvalidQueryStatement(answer.message)
        assert isinstance(answer, talk.Accepted)
        return answer

    def go(self) -> None:
        """Let the query run. Raises ProcessGone."""
        talk.send(self._channel, talk.Go())

    def stop(self) -> None:
        """Ask the query to end with the rows that are there. Raises ProcessGone."""
        talk.send(self._channel, talk.Stop())

    def ended(self, seconds: float) -> talk.Ended:
        """How the query ended. Raises ProcessGone, TimeoutError."""
        self._channel.settimeout(seconds)
        answer = talk.told(self._channel)
        while isinstance(answer, talk.Accepted):  # it came late
            answer = talk.told(self._channel)
        if isinstance(answer, talk.Refused):
            return talk.Ended("failed", answer.message)
        return answer

    def kill(self) -> None:
        """End the process now; whoever waits for it gets ProcessGone."""
        with self._lock:
            if self._handle is not None:
                try:
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)
                except ProcessLookupError:
                    return

    def end(self) -> None:
        """Kill the process and let go of it."""
        self.kill()
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None
        self._channel.close()


class QueryProcesses:
    """Starts processes. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starter, self._control = _started()

    @property
    def starter_pid(self) -> int:
        """The warm process."""
        return self._starter.pid

    def start(self, job: talk.Job) -> QueryProcess:
        """A process that is told `job`. Raises NoQueryProcess."""
        for _ in range(2):
            ours, theirs = socket.socketpair()
            try:
                handle = self._forked(theirs)
            except OSError:
                ours.close()
                self._renew()
                continue
            finally:
                theirs.close()
            process = QueryProcess(ours, handle)
            try:
                talk.send(ours, job)
            except talk.ProcessGone as failure:
                process.end()
                raise NoQueryProcess from failure
            return process
        raise NoQueryProcess

    def close(self) -> None:
        """End the warm process, and every query's with it."""
        with self._lock:
            self._control.close()
            self._starter.kill()
            self._starter.wait()

    def _forked(self, theirs: socket.socket) -> int | None:
        with self._lock:
            socket.send_fds(self._control, [b"q"], [theirs.fileno()])
            answer, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            if not answer:
                raise BrokenPipeError
            return descriptors[0] if descriptors else None

    def _renew(self) -> None:
        with self._lock:
            self._control.close()
            self._starter.kill()
            self._starter.wait()
            self._starter, self._control = _started()


def _started() -> "tuple[subprocess.Popen[bytes], socket.socket]":
    ours, theirs = socket.socketpair()
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    starter = subprocess.Popen(
        [sys.executable, "-m", "opentrail.lake.queries.starter", str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        env={**environment, "OPENBLAS_NUM_THREADS": "1", "TZ": "UTC"},
        pass_fds=(theirs.fileno(),),
        start_new_session=True,  # Ctrl-C at the terminal is the server's to act on
    )
    theirs.close()
    ours.settimeout(limits.QUERY_STARTER_SECONDS)
    return starter, ours
