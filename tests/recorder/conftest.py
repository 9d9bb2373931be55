"""Fixtures: a scripted upstream, and the recorder in front of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opentrail.recorder.forwarding.upstreams import Upstream
from tests.recorder.rig import RecorderServer, ScriptedUpstream


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    server = ScriptedUpstream()
    yield server
    server.close()


@pytest.fixture
def start(tmp_path: Path, upstream: ScriptedUpstream) -> Iterator[Callable[..., RecorderServer]]:
    """Start the recorder with settings; S3 is signed anew, the rest passed through."""
    servers: list[RecorderServer] = []

    def begin(**options: Any) -> RecorderServer:
        upstreams = options.pop("upstreams", None) or [
            Upstream("s3", upstream.url, frozenset({"s3"}), "resign", "upstream-key", "upstream-secret"),
            Upstream("rest", upstream.url, frozenset({"*"}), account_header="x-moto-account-id"),
        ]
        server = RecorderServer(tmp_path / f"data{len(servers)}", upstreams, options).start()
        servers.append(server)
        return server

    yield begin
    upstream.close()  # first: it may hold calls
    for server in servers:
        server.stop()


@pytest.fixture
def recorder(start: Callable[..., RecorderServer]) -> RecorderServer:
    return start()
