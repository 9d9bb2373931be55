"""One set of metrics for all processes that answer calls: workers leave theirs in files, the first one adds them up.

Counters and histograms of a worker that has ended still count, however it ended. Of gauges only those are added that
are amounts, and only of workers that are there.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from opentrail.telemetry import REGISTRY

_AMOUNTS = frozenset({"opentrail_client_connections", "opentrail_records_waiting"})
_SUFFIX = ".metrics"


def leave_metrics(folder: Path, process: int) -> None:
    """Write this process's metrics for the first one."""
    draft = folder / f"{process}.new"
    draft.write_bytes(generate_latest(REGISTRY))
    draft.replace(folder / f"{process}{_SUFFIX}")


def all_metrics(folder: Path | None) -> bytes:
    """The metrics of this process and of those that left theirs in `folder`, as Prometheus's text."""
    if folder is None:
        return generate_latest(REGISTRY)
    return generate_latest(_registry(_added_up(folder)))


def _added_up(folder: Path) -> list[Metric]:
    families = {family.name: family for family in REGISTRY.collect()}
    for path in folder.glob(f"*{_SUFFIX}"):
        there = Path(f"/proc/{path.stem}").exists()
        for theirs in text_string_to_metric_families(path.read_text("utf-8")):
            ours = families.setdefault(theirs.name, theirs)
            if ours is not theirs and (theirs.type != "gauge" or (there and theirs.name in _AMOUNTS)):
                _add(ours, theirs)
    return list(families.values())


def _add(ours: Metric, theirs: Metric) -> None:
    places = {(sample.name, tuple(sorted(sample.labels.items()))): place for place, sample in enumerate(ours.samples)}
    for sample in theirs.samples:
        if sample.name.endswith("_created"):
            continue
        place = places.get((sample.name, tuple(sorted(sample.labels.items()))))
        if place is None:
            ours.samples.append(sample)
        else:
            own = ours.samples[place]
            ours.samples[place] = own._replace(value=own.value + sample.value)


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """What was given."""
        yield from self._families


def _registry(families: Iterable[Metric]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Given(families))
    return registry
