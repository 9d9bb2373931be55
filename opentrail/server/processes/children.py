"""Child processes that cannot outlive their parent, whichever way it ends.

On Linux the kernel sends a child SIGKILL when the thread that made it ends (prctl PR_SET_PDEATHSIG), so children are
only started from the main thread. A child that ends by itself is started again, a little later each time.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from opentrail.errors import OpenTrailError
from opentrail.telemetry import logger

log = logger("server")

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10.0  # how long a child may take to end before it is killed
LOG_BYTES = 16 * 1024 * 1024  # a child's log is begun anew at a start that finds it longer
RESTART_SECONDS = (0.2, 1.0, 5.0, 15.0)
RUN_VARIABLE = "OPENTRAIL_RUN"  # how a child learns what `Child.run` is

_libc = ctypes.CDLL(None, use_errno=True)


class ChildFailed(OpenTrailError):
    """A process that the server needs did not come up."""


def _die_with_parent(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()  # a Ctrl-C at the terminal reaches the parent alone, which then stops its children in order
        if os.getppid() != parent:  # the parent went away between fork and prctl
            os._exit(1)

    return prepare


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a name for people, the command, and what its environment has besides ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path | None  # None: its output is ours
    inherits: tuple[int, ...] = ()  # file descriptors


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists() or path.stat().st_size > LOG_BYTES
    with path.open("wb" if fresh else "ab") as output:
        yield output


class Child:
    """One running program. `ended` is told the name of each run of it that has ended by itself, before the next."""

    def __init__(self, program: Program, ended: Callable[[str], None] | None = None) -> None:
        self.program = program
        self._ended = ended
        self._starts = 0
        self._restart_at = 0.0
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        program = self.program
        self._starts += 1
        with _output(program.log) as output:
            return subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                cwd=program.folder,
                env={**os.environ, **program.environment, RUN_VARIABLE: self.run},
                pass_fds=program.inherits,
                preexec_fn=_die_with_parent(os.getpid()),
            )

    @property
    def run(self) -> str:
        """The name of this run of the program: no other run under the same parent has it."""
        return f"{self.program.name}.{self._starts}"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process.poll() is None

    def revive(self) -> None:
        """Start the program again if it has ended; after each further end a little later."""
        if self.running:
            return
        now = time.monotonic()
        if self._restart_at == 0.0:
            wait = RESTART_SECONDS[min(self._starts - 1, len(RESTART_SECONDS) - 1)]
            self._restart_at = now + wait
            log.error("child ended", action="child-ended", child=self.program.name, status=self.process.returncode)
            if self._ended is not None:
                self._ended(self.run)
        elif now >= self._restart_at:
            self._restart_at = 0.0
            self.process = self._start()
            log.warning("child started again", action="child-restarted", child=self.program.name, starts=self._starts)

    def signal_stop(self) -> None:
        """Ask the process to end."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()

    def wait_stopped(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for the end; kill what does not end in time."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.warning("child killed", action="child-killed", child=self.program.name)
            self.process.kill()
            self.process.wait()


def stop_all(children: Sequence[Child]) -> None:
    """End every child, all at once, and wait until the last has gone."""
    for child in children:
        child.signal_stop()
    for child in children:
        child.wait_stopped()


def wait_until(ready: Callable[[], bool], child: Child, seconds: float) -> None:
    """Return once `ready` says so. Raises ChildFailed when the child ends or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not child.running:
            raise ChildFailed(
                f"{child.program.name} ended with status {child.process.returncode}; {_where(child.program)}"
            )
        if time.monotonic() > deadline:
            raise ChildFailed(f"{child.program.name} was not ready after {seconds:.0f} s; {_where(child.program)}")
        time.sleep(0.02)


def _where(program: Program) -> str:
    return f"see {program.log}" if program.log is not None else "its last words are above"
