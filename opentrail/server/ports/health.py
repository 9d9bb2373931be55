"""`GET /healthz` and `GET /metrics`, on the console's port, and `GET /` that names them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from opentrail.server.call_workers.metrics import all_metrics

_PAGES = """\
OpenTrail. There are no pages for people here yet; ask with the AWS CLI, `opentrail events` or `opentrail sql`.

/healthz  whether calls are answered and recorded (JSON; 503 where not)
/metrics  counters and gauges, for Prometheus
"""


@dataclass(frozen=True, slots=True)
class Health:
    """How the server is at the moment; `parts` names what runs and whether it does."""

    journal_writable: bool
    head: int
    records_waiting: int
    follower_positions: dict[str, int]
    parts: dict[str, bool]

    @property
    def healthy(self) -> bool:
        """Whether calls are answered and recorded."""
        return self.journal_writable and all(self.parts.values())


def health_app(
    look: Callable[[], Health], refresh_metrics: Callable[[], None], workers_folder: Path | None
) -> Starlette:
    """The pages of the console's port: 200 while healthy, 503 with the same body while not.

    `workers_folder`: where worker processes leave their metrics.
    """

    def healthz(_request: Request) -> Response:
        health = look()
        body = {
            "status": "ok" if health.healthy else "impaired",
            "journal": {
                "writable": health.journal_writable,
                "head": health.head,
                "recordsWaiting": health.records_waiting,
            },
            "followers": health.follower_positions,
            "parts": health.parts,
        }
        return JSONResponse(body, status_code=200 if health.healthy else 503)

    def metrics(_request: Request) -> Response:
        refresh_metrics()
        return Response(all_metrics(workers_folder), media_type=CONTENT_TYPE_LATEST)

    def pages(_request: Request) -> Response:
        return PlainTextResponse(_PAGES)

    return Starlette(routes=[Route("/", pages), Route("/healthz", healthz), Route("/metrics", metrics)])
