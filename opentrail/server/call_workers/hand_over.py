"""Calls of our own services that came in by a worker process are answered by the first one alone.

They go over a socket that only this server's processes can reach. What the first process cannot see for itself of the
caller's connection travels in a header that clients cannot set: the worker's comes last, and counts alone.
"""

from dataclasses import replace

from opentrail.recorder.proxy.deadlines import Deadlines
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.pool import Place, Pool, UpstreamTiming
from opentrail.recorder.proxy.relay import Relay

_CALLER = "x-opentrail-caller"  # address, scheme, TLS version, cipher suite; a dash for what is not there
_CALLER_BYTES = _CALLER.encode("ascii")
_NOTHING = "-"


class HandOver:
    """In a worker: passes calls on. Belongs to one event loop."""

    def __init__(self, socket_path: str, outbox: Outbox) -> None:
        self._pool = Pool(Place(socket_path=socket_path), UpstreamTiming(), Deadlines(), outbox)

    def __call__(self, exchange: Exchange) -> None:
        """Pass one call on."""
        request = exchange.request
        told = (request.client, request.scheme, *(request.tls or ()))
        caller = " ".join(text or _NOTHING for text in told).encode("latin-1")
        Relay(exchange, self._pool).begin([(_CALLER_BYTES, caller)])

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def take_over(exchange: Exchange) -> None:
    """In the first process: `exchange` looks as it did in the worker that handed it over."""
    request = exchange.request
    address, scheme, *tls = [value for name, value in request.headers if name == _CALLER][-1].split(" ")
    exchange.request = replace(
        request,
        headers=tuple(pair for pair in request.headers if pair[0] != _CALLER),
        client="" if address == _NOTHING else address,
        scheme=scheme,
        tls=(tls[0], tls[1]) if tls else None,
    )
