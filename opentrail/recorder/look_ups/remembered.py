"""The callers behind keys that were never seen here: each looked up once, and remembered for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from opentrail import limits
from opentrail.accounts.principal import Principal
from opentrail.clock import Clock
from opentrail.recorder.forwarding.upstreams import Upstream

Ask = Callable[[Upstream, str], Principal | None]


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal | None
    until: float  # of the monotonic clock


class RememberedCallers:
    """Looks up who signs with a key. For one event loop.

    Only keys whose signature the upstream has just accepted should be asked for: whoever makes up keys would otherwise
    have the upstream asked as often.
    """

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._remembered: OrderedDict[tuple[str, str], _Remembered] = OrderedDict()
        self._asked: dict[tuple[str, str], asyncio.Future[Principal | None]] = {}
        self._threads = ThreadPoolExecutor(limits.LOOK_UP_THREADS, thread_name_prefix="look-up")

    async def caller(self, upstream: Upstream, access_key_id: str) -> Principal | None:
        """The principal of a key, None where the upstream cannot tell; waits for the network the first time."""
        if upstream.look_up is None:
            return None
        name = (upstream.name, access_key_id)
        remembered = self._remembered.get(name)
        if remembered is not None and self._clock.monotonic() < remembered.until:
            return remembered.principal
        under_way = self._asked.get(name)
        if under_way is not None:
            return await asyncio.shield(under_way)
        loop = asyncio.get_running_loop()
        question = loop.run_in_executor(self._threads, self._ask, upstream, access_key_id)
        self._asked[name] = question
        try:
            principal = await asyncio.shield(question)
        finally:
            del self._asked[name]
        seconds = upstream.look_up.cache_seconds
        if principal is None:
            seconds = min(seconds, limits.LOOK_UP_FAILED_SECONDS)
        self._remember(name, _Remembered(principal, self._clock.monotonic() + seconds))
        return principal

    def close(self) -> None:
        """Ask no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _remember(self, name: tuple[str, str], found: _Remembered) -> None:
        self._remembered[name] = found
        self._remembered.move_to_end(name)
        if len(self._remembered) > limits.ACCESS_KEYS_IN_MEMORY:
            self._remembered.popitem(last=False)
