"""Genuine records that name a public operation: which they are, one for each way a call was written down."""

import collections
import functools
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.model import OperationModel

from opentrail.record.text import split_records
from opentrail.recorder.understanding.event_names import event_name, event_source
from opentrail.wire.service_models import available_services, service_model

Record = dict[str, Any]
# Typed or edited by hand, or reshaped on the way by another product: no evidence of how AWS writes.
_BY_HAND = ("panther-a", "aws-cli", "otel")
_SHARED = ("docdb", "neptune", "elb")  # names that stand behind others of the same event source


@dataclass(frozen=True)
class Genuine:
    """A record that AWS wrote, and the operation of the model that it names."""

    record: Record
    service: str
    operation: OperationModel


def genuine_records(sample_data: Path) -> tuple[list[Genuine], list[Record]]:
    """Records of API calls, each shape once, and those that name no operation of the model."""
    named: dict[str, Genuine] = {}
    nameless: dict[str, Record] = {}
    for record in _every(sample_data):
        key = json.dumps([record["eventSource"], record["eventName"], _shape(record)], sort_keys=True)
        found = _operation(record)
        if found is None:
            nameless.setdefault(key, record)
        else:
            named.setdefault(key, Genuine(record, *found))
    return list(named.values()), list(nameless.values())


def _every(sample_data: Path) -> Iterator[Record]:
    seen: set[str | bytes] = set()
    files = sorted((sample_data / "records").glob("*.jsonl")) + sorted((sample_data / "logs").rglob("*.json.gz"))
    for path in files:
        if path.stem in _BY_HAND or "otel" in path.parts:
            continue
        document = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for raw in split_records(document):
            record = json.loads(raw)
            identity = record.get("eventID", raw)  # some products drop it on the way
            if record.get("eventType") == "AwsApiCall" and identity not in seen:
                seen.add(identity)
                yield record


def _shape(value: Any) -> Any:
    """What two records share that were written down in the same way."""
    if isinstance(value, dict) and "eventSource" in value:
        return [_shape(value.get(name)) for name in ("requestParameters", "responseElements", "errorCode")]
    if isinstance(value, dict):
        return {name: _shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value[:1]]
    return type(value).__name__


@functools.cache
def _operations() -> dict[tuple[str, str], list[tuple[str, str]]]:
    found: dict[tuple[str, str], list[tuple[str, str]]] = collections.defaultdict(list)
    for service in sorted(available_services(), key=lambda name: (name in _SHARED, name)):
        for name in service_model(service).operation_names:
            found[event_source(service), event_name(service, name)].append((service, name))
    return found


def _operation(record: Record) -> tuple[str, OperationModel] | None:
    candidates = _operations().get((record["eventSource"], record["eventName"]), [])
    if not candidates:
        return None
    written = {name.lower() for name in record.get("requestParameters") or ()}

    def strangers(candidate: tuple[str, str]) -> int:
        shape = service_model(candidate[0]).operation_model(candidate[1]).input_shape
        return len(written - {name.lower() for name in (shape.members if shape is not None else ())})

    service, name = min(candidates, key=strangers)
    return service, service_model(service).operation_model(name)
