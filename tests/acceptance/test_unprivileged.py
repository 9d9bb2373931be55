"""The program runs without any right: another user, no capabilities, no new privileges, code that it cannot change.

What systemd's unit asks for, as far as a process can ask it of the kernel by itself: MemoryDenyWriteExecute,
NoNewPrivileges, an empty set of capabilities, UMask, LimitCORE.
"""

import ctypes
import os
import resource
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import opentrail
from tests.acceptance.program import Program, eventually

USER = 65534  # nobody
KEY, SECRET = "AKIAEXAMPLEROOT00001", "root-secret"
CODE = Path(opentrail.__file__).parent
_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE = 38, 65

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def confine() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0)  # kernels before 6.3 do not know it
    os.environ.update(HOME="/nonexistent", PYTHONPATH=path_for_others(), PYTHONDONTWRITEBYTECODE="1")


def path_for_others() -> str:
    """Where an interpreter that is not of this environment finds what this one has."""
    return os.pathsep.join([str(CODE.parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])


@pytest.fixture
def interpreter() -> str:
    """One that nobody may run; an environment in somebody's home is closed to others."""
    for candidate in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        try:
            asked = subprocess.run([candidate, "-m", "opentrail", "version"], preexec_fn=confine, capture_output=True)
        except OSError:
            continue
        if asked.returncode == 0:
            return candidate
    pytest.skip("nobody may run the interpreter or read the code")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not under pytest's own folder, which nobody else may enter."""
    made = Path(tempfile.mkdtemp(prefix="opentrail-nobody-"))
    os.chown(made, USER, USER)
    yield made
    shutil.rmtree(made)


def _state(code: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in code.rglob("*.py")}


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.acceptance
def test_the_server_needs_no_rights(folder: Path, interpreter: str) -> None:
    config, options = folder / "opentrail.toml", ("--workers", "2")
    program = Program(folder / "data", options, config, confine=confine, interpreter=interpreter)
    assert program.config is not None
    program.config.write_text(
        f"""
[server]
port = {program.port}
console_port = {program.console_port}
[[principal]]
access_key_id = "{KEY}"
secret_access_key = "{SECRET}"
""",
        "utf-8",
    )
    program.config.chmod(0o644)  # it is root's
    before = _state(CODE)
    program.start()
    assert program.process is not None
    try:
        trails = program.client("cloudtrail", KEY, SECRET)
        assert trails.describe_trails()["trailList"] == []
        status = _status(program.process.pid)
        assert status["Uid"].split() == [str(USER)] * 4
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert status["NoNewPrivs"] == "1"
        assert trails.lookup_events(MaxResults=1)["Events"]
        store = trails.create_event_data_store(Name="evidence")["EventDataStoreArn"].rpartition("/")[2]
        query = trails.start_query(QueryStatement=f"SELECT COUNT(*) FROM {store}")["QueryId"]
        ended = ("FINISHED", "FAILED", "TIMED_OUT")
        assert eventually(lambda: trails.describe_query(QueryId=query)["QueryStatus"] in ended, seconds=30)
        assert trails.describe_query(QueryId=query)["QueryStatus"] == "FINISHED"
    finally:
        assert program.stop() == 0
    assert _state(CODE) == before
    assert "runs as root" not in "".join(program.output)
    for path in (folder / "data").rglob("*"):
        mode = path.lstat().st_mode
        assert not stat.S_IMODE(mode) & 0o077 or stat.S_ISLNK(mode), f"{path} is open to others: {mode:o}"


@pytest.mark.acceptance
def test_a_folder_that_others_can_read_is_refused_with_one_line(folder: Path) -> None:
    data = folder / "data"
    (data / "journal").mkdir(parents=True)
    data.chmod(0o755)
    with pytest.raises(AssertionError, match="can be reached by other users of this machine"):
        Program(data, ("--no-sandbox",)).start()
