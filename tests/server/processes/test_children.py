"""Child processes: stopped, killed, revived, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opentrail.server.processes.children import RUN_VARIABLE, Child, ChildFailed, Program, stop_all, wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def _program(folder: Path, command: list[str]) -> Program:
    return Program("child", command, {}, folder, folder / "child.log")


def test_a_child_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    child = Child(_program(tmp_path, SLEEP))
    assert child.running
    stop_all([child])
    assert child.process.returncode == -signal.SIGTERM


def test_a_deaf_child_is_killed(tmp_path: Path) -> None:
    child = Child(_program(tmp_path, DEAF))
    wait_until(lambda: b"up" in (tmp_path / "child.log").read_bytes(), child, 10)
    child.signal_stop()
    child.wait_stopped(0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_never_comes_up_is_named_with_its_log(tmp_path: Path) -> None:
    child = Child(_program(tmp_path, [sys.executable, "-c", "raise SystemExit(3)"]))
    with pytest.raises(ChildFailed) as failed:
        wait_until(lambda: False, child, 10)
    assert "status 3" in failed.value.message and "child.log" in failed.value.message


def test_a_dead_child_is_started_again(tmp_path: Path) -> None:
    child = Child(_program(tmp_path, SLEEP))
    first = child.process.pid
    child.process.kill()
    child.process.wait()
    deadline = time.monotonic() + 10
    while not child.running and time.monotonic() < deadline:
        child.revive()
        time.sleep(0.02)
    assert child.running and child.process.pid != first
    stop_all([child])


def test_each_run_has_a_name_that_the_child_knows_and_its_end_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    says = [sys.executable, "-c", f"import os; print(os.environ[{RUN_VARIABLE!r}])"]
    child = Child(_program(tmp_path, says), told.append)
    deadline = time.monotonic() + 10
    while child.run != "child.2" and time.monotonic() < deadline:
        child.process.wait()
        child.revive()
        assert told == ["child.1"]
        time.sleep(0.02)
    child.process.wait()
    child.revive()
    assert told == ["child.1", "child.2"]
    assert (tmp_path / "child.log").read_text().split() == told


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent_code = (
        "import sys, time\nfrom pathlib import Path\nfrom opentrail.server.processes.children import Child, Program\n"
        f"child = Child(Program('c', {SLEEP!r}, {{}}, Path({str(tmp_path)!r}), None))\n"
        "print(child.process.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    gone = not Path(f"/proc/{pid}").exists()
    if not gone:
        os.kill(pid, signal.SIGKILL)
    assert gone
