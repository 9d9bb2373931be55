"""A certificate is renewed under the running program: on both ports, in all processes, and calls go on."""

import signal
from pathlib import Path

import pytest

from tests.acceptance.program import Program, eventually
from tests.server.ports.test_certificate import fingerprint, make, put, shown


@pytest.mark.acceptance
def test_all_processes_serve_a_renewed_certificate(tmp_path: Path) -> None:
    place = make(tmp_path, "served")
    old, new = fingerprint(place[0]), make(tmp_path, "renewed")
    options = ("--no-sandbox", "--workers", "2", "--tls-cert", str(place[0]), "--tls-key", str(place[1]))
    program = Program(tmp_path / "data", options).start()
    assert program.process is not None
    try:
        ports = [program.port] * 10 + [program.console_port]
        assert {shown(port) for port in ports} == {old}
        put(new, place)
        program.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: {shown(port) for port in ports} == {fingerprint(new[0])}, seconds=15)
        trails = program.client("cloudtrail", endpoint_url=f"https://127.0.0.1:{program.port}", verify=str(new[0]))
        assert trails.describe_trails()["trailList"] == []
    finally:
        assert program.stop() == 0
