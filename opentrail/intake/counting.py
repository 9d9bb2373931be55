"""in = kept + refused, by reason: what intake counts for each origin."""

from prometheus_client import Counter

from opentrail import telemetry

# Looking a labelled counter up costs more than counting; intake does it for every call.
_CHILDREN: dict[tuple[str, str], Counter] = {}


def _child(counter: Counter, kind: str, origin: str) -> Counter:
    # Stores and channels have an origin each; one label for all of them keeps the number of series bounded.
    origin = origin.partition(":")[0]
    child = _CHILDREN.get((kind, origin))
    if child is None:
        child = _CHILDREN[kind, origin] = counter.labels(origin)
    return child


def came_in(origin: str, count: int = 1) -> None:
    """`count` records were offered."""
    _child(telemetry.RECORDS_IN, "in", origin).inc(count)


def kept(origin: str, count: int = 1) -> None:
    """`count` records are durable."""
    _child(telemetry.RECORDS_KEPT, "kept", origin).inc(count)


def refused(origin: str, reason: str, count: int = 1) -> None:
    """`count` records were offered and will not be kept."""
    telemetry.RECORDS_REFUSED.labels(origin.partition(":")[0], reason).inc(count)
