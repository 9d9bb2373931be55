"""What a query's process may not do: tried in a process that is confined as those of queries are."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CONFINED = """
import os, socket, subprocess, sys
from pathlib import Path
from opentrail.lake.queries.confinement import confine, limit_cpu_from_here, limit_resources
folder = Path(sys.argv[1])
limit_resources(memory_bytes=1 << 30, cpu_seconds=60, file_bytes=1 << 20)
confine(reads=[folder / "readable"], writes=[folder / "results"])
def refused(act):
    try:
        act()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    (tmp_path / "readable").write_text("fine")
    (tmp_path / "secret").write_text("hidden")
    return tmp_path


def said(folder: Path, program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CONFINED + textwrap.dedent(program), str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip() or f"status {done.returncode} {done.stderr}"


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("(folder / 'readable').read_text()", "done"),
        ("(folder / 'results' / 'rows').write_text('x')", "done"),
        ("(folder / 'secret').read_text()", "PermissionError"),
        ("(folder / 'readable').write_text('x')", "PermissionError"),
        ("(folder / 'new').write_text('x')", "PermissionError"),
        ("Path('/etc/passwd').read_text()", "PermissionError"),
        ("os.listdir(folder)", "PermissionError"),
        ("socket.socket()", "PermissionError"),
        ("socket.socket(socket.AF_UNIX)", "PermissionError"),
        ("os.execv('/bin/true', ['true'])", "PermissionError"),
        ("subprocess.run(['/bin/true'])", "PermissionError"),
        ("bytearray(8 << 30)", "MemoryError"),
        ("(folder / 'results' / 'long').write_bytes(bytes(2 << 20))", "OSError"),
    ],
)
def test_only_what_a_query_needs_can_be_done(folder: Path, act: str, expected: str) -> None:
    assert said(folder, f"print(refused(lambda: {act}))") == expected


def test_threads_that_begin_later_are_confined_too(folder: Path) -> None:
    program = """
    import threading
    thread = threading.Thread(target=lambda: print(refused(lambda: (folder / 'secret').read_text())))
    thread.start(); thread.join()
    """
    assert said(folder, program) == "PermissionError"


def test_a_statement_that_cannot_be_understood_in_time_ends_its_process(folder: Path) -> None:
    assert said(folder, "limit_cpu_from_here(0.5)\nwhile True: pass").startswith("status -24")


def test_the_limit_for_statements_ends_with_the_statement(folder: Path) -> None:
    program = """
    import time
    limit_cpu_from_here(0.5)
    limit_cpu_from_here(None)
    while time.process_time() < 2.5: pass
    print("done")
    """
    assert said(folder, program) == "done"
