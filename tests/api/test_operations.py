"""The table of operations and the service's models agree."""

from opentrail.api.operations import OPERATIONS, ROOMS, TARGET_SERVICE
from opentrail.wire.service_models import service_model


def test_every_operation_of_the_models_has_one_room():
    listed = [name for names in ROOMS.values() for name in names]
    assert len(listed) == len(set(listed)) == 61
    for service in ("cloudtrail", "cloudtrail-data"):
        ours = {name for name, operation in OPERATIONS.items() if operation.service == service}
        assert ours == set(service_model(service).operation_names)


def test_the_target_is_the_models():
    assert service_model("cloudtrail").metadata["targetPrefix"].rpartition(".")[2] == TARGET_SERVICE


def test_reads_and_writes():
    reads = {name for name, operation in OPERATIONS.items() if operation.read_only}
    assert {"LookupEvents", "DescribeTrails", "GetTrailStatus", "ListTags", "SearchSampleQueries"} < reads
    assert not {"CreateTrail", "StopLogging", "AddTags", "PutAuditEvents", "StartImport", "EnableFederation"} & reads
