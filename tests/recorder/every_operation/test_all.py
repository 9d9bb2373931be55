"""All operations of all services, in every protocol that they speak; a long run."""

from pathlib import Path

import pytest

from opentrail.wire.service_models import service_model
from tests.recorder.every_operation.rig import Everything, Failure, services

GOAL = 0.999  # of all operations


@pytest.mark.soak
def test_every_operation_is_recorded_as_it_was_meant(tmp_path: Path) -> None:
    everything = Everything(tmp_path)
    sent, operations, failures = 0, 0, list[Failure]()
    try:
        for service in services():
            names = list(service_model(service).operation_names)
            operations += len(names)
            count, failed = everything.judge(service, names, "all")
            sent += count
            failures += failed
    finally:
        everything.close()
    failing = sorted({failure.sent for failure in failures})
    print(f"{operations} operations in {sent} calls, {len(failing)} of them not as expected")
    print("\n".join(map(str, failures)))
    assert operations > 19_000
    assert 1 - len(failing) / sent >= GOAL, failing
