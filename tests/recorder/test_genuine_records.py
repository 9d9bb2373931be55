"""The shapes beside genuine records: every name that AWS wrote is one that our shapes can give.

Records cannot be turned back into the calls that made them; names and nesting can be compared all the same.
"""

import collections
import json

import pytest
from botocore.model import ListShape, MapShape, StructureShape

from opentrail.recorder.shapes import ec2
from opentrail.recorder.shapes.ec2_lists import SOAP_LISTS
from opentrail.recorder.shapes.generic import keeps_wire_names, lower_first
from opentrail.recorder.shapes.habits import UNWRAPPED
from opentrail.recorder.understanding.event_names import api_version, event_name, event_source
from opentrail.wire.service_models import available_services, service_model
from tests.wire.protocols.made_requests import Maker

_FILES = ("invictus", "grycap-sample", "opensearch", "otrf-a", "custodian", "otel", "plaso", "trailscraper")
# Calls that no public API has: of agents, of the console, of services by themselves.
_INTERNAL = {
    "StartSecretVersionDelete", "EndSecretVersionDelete", "UpdateInstanceInformation",
    "UpdateInstanceAssociationStatus",
    "DescribeRecommendations", "DescribeRecommendationGroups", "ListInstanceAssociations", "RotateKey", "ConsoleLogin",
    "CheckMfa", "SharedSnapshotVolumeCreated", "GetStorageLensDashboardDataInternal",
}  # fmt: skip
# Names that AWS writes and the model does not have; most of them are the service's inner fields.
_BEYOND_THE_MODEL = {
    "createStageInput", "tagResourceInput", "template", "self", "stageDelete", "stageFlushAuthorizerCache",
    "stageUpdate",
    "oacSigningBehavior", "location", "fullyQualifiedArn", "excludeManagedAlarms", "httpEndpointEnabled", "interactive",
    "clientName", "clientSourceId",
}  # fmt: skip
_ARN_ALONE = ("CreateSecret", "PutSecretValue")  # {"arn": ..}, see shapes/habits.py


def _records(sample_data):
    for name in _FILES:
        with (sample_data / "records" / f"{name}.jsonl").open() as lines:
            for line in lines:
                record = json.loads(line)
                if record.get("eventSource") and record["eventName"] not in _INTERNAL:
                    yield record


@pytest.fixture(scope="module")
def services():
    """eventSource -> services."""
    found = collections.defaultdict(list)
    for service in available_services():
        found[event_source(service)].append(service)
    return found


def _operations(services, record):
    for service in services.get(record["eventSource"], ()):
        for name in service_model(service).operation_names:
            if event_name(service, name) == record["eventName"]:
                yield service, service_model(service).operation_model(name)


def _strange(shape, value, case, found):
    """Names in `value` that no member of `shape` gives."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {case(name): member for name, member in shape.members.items()}
        for name, item in value.items():
            if name not in members:
                found.append(name)
            else:
                _strange(members[name], item, case, found)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            _strange(shape.member, item, case, found)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for item in value.values():
            _strange(shape.value, item, case, found)
    elif isinstance(value, dict | list) and value:
        found.append(f"{shape.type_name} {json.dumps(value)[:40]}")


def _strange_names(service, operation, record):
    case = (lambda name: name) if keeps_wire_names(service) else lower_first
    found = []
    output = operation.output_shape
    if service in UNWRAPPED and output is not None and len(output.members) == 1:
        output = next(iter(output.members.values()))
    for shape, value in ((operation.input_shape, record["requestParameters"]), (output, record["responseElements"])):
        if value and not (record["eventName"] in _ARN_ALONE and value is record["responseElements"]):
            if shape is None:
                found.append("no shape")
            else:
                _strange(shape, value, case, found)
    return found


def test_names_of_most_services(sample_data, services):
    compared, strange = 0, set()
    for record in _records(sample_data):
        if record["eventSource"] in ("s3.amazonaws.com", "ec2.amazonaws.com"):
            continue
        tried = [_strange_names(service, operation, record) for service, operation in _operations(services, record)]
        assert tried, (record["eventSource"], record["eventName"])
        best = min(tried, key=len)
        strange |= {(record["eventName"], name) for name in best if name not in _BEYOND_THE_MODEL}
        compared += 1
    assert compared > 1500
    assert strange == set()


def test_every_event_of_s3_and_ec2_has_an_operation(sample_data, services):
    for record in _records(sample_data):
        if record["eventSource"] in ("s3.amazonaws.com", "ec2.amazonaws.com"):
            assert list(_operations(services, record)), (record["eventSource"], record["eventName"])


class _Full(Maker):
    def structure(self, shape, depth=0):
        made = {name: self.value(member, depth + 1, "") for name, member in shape.members.items()}
        return {name: value for name, value in made.items() if value is not None}


def _paths(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, path)


def test_parameters_of_ec2(sample_data):
    model = service_model("ec2")
    full: dict[str, set] = {}
    bare: dict[str, set] = {}
    strange, shown = collections.Counter(), collections.Counter()
    compared = 0
    for record in _records(sample_data):
        parameters = record["requestParameters"]
        if record["eventSource"] != "ec2.amazonaws.com" or not parameters:
            continue
        name = record["eventName"]
        if name not in full:
            operation = model.operation_model(name)
            full[name] = set(_paths(ec2.parameters(operation, _Full(1).structure(operation.input_shape))))
            bare[name] = set(_paths(ec2.parameters(operation, {})))
        strange.update((name, ".".join(path)) for path in set(_paths(parameters)) - full[name])
        shown.update((name, ".".join(path)) for path in bare[name] - set(_paths(parameters)))
        compared += 1
    assert compared > 900
    assert set(strange) == {("CreateNetworkInterface", "denyAllIgwTraffic")}
    # Written by us when the caller gave nothing, not by older AWS: members that the API did not have then.
    assert {name for name, _ in shown} <= {
        "DescribeAvailabilityZones", "DescribeKeyPairs", "DescribePlacementGroups", "RunInstances",
    }  # fmt: skip


def test_answers_of_ec2(sample_data):
    wrapped = plain = 0
    for record in _records(sample_data):
        elements = record["responseElements"]
        if record["eventSource"] != "ec2.amazonaws.com" or not elements:
            continue
        if record["eventName"] in SOAP_LISTS:
            assert f"{record['eventName']}Response" not in elements
            plain += 1
        else:
            assert list(elements) == [f"{record['eventName']}Response"]
            assert elements[f"{record['eventName']}Response"]["xmlns"].startswith("http://ec2.amazonaws.com/doc/")
            wrapped += 1
    assert plain > 50 and wrapped >= 5


def test_versions_of_apis(sample_data, services):
    for record in _records(sample_data):
        version = record.get("apiVersion")
        if version and record["eventSource"] not in ("ec2.amazonaws.com",):  # "v1": of a hand-made example
            assert version in {api_version(service) for service, _ in _operations(services, record)}
