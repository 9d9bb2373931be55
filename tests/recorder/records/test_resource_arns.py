"""Resources of data events: their tables fit the models, and records name them as selectors ask for them."""

import pytest

from opentrail.recorder.records.resource_arns import DATA_RESOURCES, RESOURCES
from opentrail.wire.service_models import service_model
from tests.recorder.calls import ACCOUNT, REGION, answered


def test_members_are_those_of_the_models() -> None:
    for service, listed in (DATA_RESOURCES | RESOURCES).items():
        model = service_model(service)
        known: set[str] = set()
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            known |= set(shape.members if shape is not None else ())
        for named in listed:
            assert set(named.members) <= known, service
            assert named.arn.count("{}") == len(named.members)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "resource"),
    [
        ("firehose", "PutRecord", {"DeliveryStreamName": "s", "Record": {"Data": b"x"}},
         ("AWS::KinesisFirehose::DeliveryStream", f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s")),
        ("ebs", "GetSnapshotBlock", {"SnapshotId": "snap-1", "BlockIndex": 1, "BlockToken": "t"},
         ("AWS::EC2::Snapshot", f"arn:aws:ec2:{REGION}::snapshot/snap-1")),
        ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"x"},
         ("AWS::SageMaker::Endpoint", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e")),
        ("stepfunctions", "StartSyncExecution", {"stateMachineArn": f"arn:aws:states:{REGION}:1:stateMachine:m"},
         ("AWS::StepFunctions::StateMachine", f"arn:aws:states:{REGION}:1:stateMachine:m")),
        ("ecr", "DescribeImages", {"repositoryName": "r"},
         (None, f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/r")),
    ],
)  # fmt: skip
def test_records_name_what_a_call_touched(
    service: str, operation: str, parameters: dict[str, object], resource: tuple[str | None, str]
) -> None:
    found = answered(service, operation, parameters, b"{}").resources
    assert found is not None and len(found) == 1
    assert (found[0].get("type"), found[0]["ARN"]) == resource
    assert found[0]["accountId"]


def test_management_events_of_these_services_name_nothing() -> None:
    assert answered("firehose", "DescribeDeliveryStream", {"DeliveryStreamName": "s"}, b"{}").resources is None
