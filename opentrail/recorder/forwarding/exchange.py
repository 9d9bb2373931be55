"""Calls on their way to an upstream and answers on their way back: one HTTP exchange, nothing of it held.

Every exchange happens once, because a record stands for one call. There is one exception: a call that only reads and
that was sent on a connection which its upstream was just closing, before a byte of an answer, is sent again.
"""

from opentrail import limits
from opentrail.recorder.answers.refusals import UpstreamBroken
from opentrail.recorder.forwarding.bodies import Chunks, sliced
from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.proxy.deadlines import Deadlines
from opentrail.recorder.proxy.heads import TextHeaders, request_head
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.pool import Place, Pool, UpstreamTiming
from opentrail.recorder.proxy.tls import upstream_context
from opentrail.recorder.proxy.upstream_exchange import UpstreamExchange
from opentrail.recorder.settings import RecorderSettings


class Forwarder:
    """Connections to all upstreams, kept alive between calls."""

    def __init__(self, settings: RecorderSettings) -> None:
        self._timing = UpstreamTiming(
            connect_seconds=settings.connect_seconds, answer_seconds=settings.first_byte_seconds
        )
        self._deadlines = Deadlines()
        self._outbox = Outbox()
        self._pools: dict[str, Pool] = {}

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    async def send(
        self,
        upstream: Upstream,
        method: str,
        target: str,
        headers: TextHeaders,
        body: bytes | Chunks | None,
        length: int | None,
        *,
        repeatable: bool = False,
    ) -> UpstreamExchange:
        """Send one request and return when the head of its answer is there.

        `target` is path and query percent-encoded, as they go out. A stream as `body` needs its `length` in bytes, or
        is sent in chunks. `repeatable`: it only reads. Raises UpstreamDown before anything was sent, UpstreamBroken or
        UpstreamSilent after; MalformedRequest; what the stream raises.
        """
        pool = self._pools.get(upstream.name) or self._pool(upstream)
        head = request_head(method, target, headers, length, chunked=body is not None and length is None)
        while True:
            connection = pool.take() or await pool.connect()
            exchange = UpstreamExchange(connection)
            try:
                _begin(exchange, head, body, length, head_only=method == "HEAD")
                await exchange.head()
            except UpstreamBroken:
                exchange.close()
                if repeatable and not body and connection.used and not connection.began_to_answer:
                    continue
                raise
            except BaseException:
                exchange.close()
                raise
            return exchange

    def _pool(self, upstream: Upstream) -> Pool:
        tls = upstream_context(upstream.ca_file) if upstream.url.startswith("https:") else None
        pool = Pool(Place.of(upstream.url, tls), self._timing, self._deadlines, self._outbox)
        self._pools[upstream.name] = pool
        return pool


def _begin(
    exchange: UpstreamExchange, head: bytes, body: bytes | Chunks | None, length: int | None, *, head_only: bool
) -> None:
    if body is None or (isinstance(body, bytes) and len(body) <= limits.SPOOL_READ_BYTES):
        exchange.send(head, body or b"", head_only=head_only)
    else:
        exchange.upload(head, sliced(body) if isinstance(body, bytes) else body, length, head_only=head_only)
