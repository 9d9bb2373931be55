"""What a further process for calls is told."""

from pathlib import Path

import msgspec
import pytest

from opentrail.accounts.policy.guard import read_guard
from opentrail.recorder.forwarding.upstreams import LookUp, Upstream
from opentrail.server.call_workers.worker import WorkerTold, call_worker
from opentrail.server.settings import Server, Settings


def test_relative_paths_name_the_same_files_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(server=Server(tls_cert="cert.pem", tls_key="key.pem"))
    program = call_worker(2, WorkerTold(str(tmp_path / "data"), settings, [], 0, str(tmp_path)))
    assert program.folder / "cert.pem" == tmp_path / "cert.pem"


def test_a_worker_reads_all_that_it_is_told_guards_of_upstreams_too(tmp_path: Path) -> None:
    guard = read_guard(
        '{"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::audit*"}}', "audit"
    )
    upstream = Upstream("s3", "http://127.0.0.1:1", frozenset({"s3"}), look_up=LookUp(), guards=(guard,))
    program = call_worker(2, WorkerTold(str(tmp_path), Settings(), [upstream], 0, str(tmp_path)))
    told = Path(f"/proc/self/fd/{program.inherits[0]}").read_bytes()
    [read] = msgspec.json.decode(told, type=WorkerTold).upstreams
    assert read == upstream and read.guards[0].policy.statements == guard.policy.statements
