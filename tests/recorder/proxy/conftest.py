"""Fixtures: a proxy in front of a scripted upstream."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.recorder.proxy.rig import Proxy
from tests.recorder.rig import ScriptedUpstream


@pytest.fixture
def relay(upstream: ScriptedUpstream) -> Iterator[Callable[..., Proxy]]:
    """Start a proxy that relays to the scripted upstream."""
    started: list[Proxy] = []

    def begin(**options: Any) -> Proxy:
        started.append(Proxy(upstream.port, **options))
        return started[-1]

    yield begin
    upstream.close()
    for proxy in started:
        proxy.stop()
