"""One running sandbox for the tests of a module, and programs of their own for those that break things."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program

SMALL_DISK_MB = 160


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A sandbox that every test of the module shares."""
    program = Program(tmp_path_factory.mktemp("sandbox") / "data").start()
    yield program
    assert program.stop() == 0, "".join(program.output[-40:])


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A program with the CloudTrail API alone, not started yet; whatever is left of it is killed."""
    made = Program(tmp_path / "data", ("--no-sandbox",))
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, small enough to fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MB}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
