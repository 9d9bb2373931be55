"""The recorder's proxy alone, without recorder: every call is passed on as it comes.

python -m benchmarks.relay PORT UPSTREAM_PORT
"""

import asyncio
import sys

import uvloop

from opentrail.recorder.proxy.deadlines import Deadlines
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.pool import Place, Pool, UpstreamTiming
from opentrail.recorder.proxy.relay import Relay
from opentrail.recorder.proxy.server import ProxyServer, Timing
from opentrail.server.ports.listening import bind


async def _relay(port: int, upstream_port: int) -> None:
    outbox = Outbox()
    pool = Pool(Place("127.0.0.1", upstream_port), UpstreamTiming(), Deadlines(), outbox)

    def handle(exchange: Exchange) -> None:
        Relay(exchange, pool).begin()

    server = ProxyServer(handle, Timing(), outbox)
    await server.serve([bind("127.0.0.1", port)])
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_relay(int(sys.argv[1]), int(sys.argv[2])))
