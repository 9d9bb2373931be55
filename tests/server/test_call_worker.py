"""What a further process for calls is told."""

from pathlib import Path

import pytest

from opentrail.server.call_worker import WorkerTold, call_worker
from opentrail.server.settings import Server, Settings


def test_relative_paths_name_the_same_files_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(server=Server(tls_cert="cert.pem", tls_key="key.pem"))
    program = call_worker(2, WorkerTold(str(tmp_path / "data"), settings, [], 0, str(tmp_path)))
    assert program.folder / "cert.pem" == tmp_path / "cert.pem"
