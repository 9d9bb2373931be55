"""Answers of all operations, written by others' serializers, are read back as they were meant."""

import pytest

from opentrail.wire.service_models import available_services, service_model
from tests.wire.every_answer import difference

# What moto's serializers cannot write: text as payload, a document that is no object, two members in one element; and
# an answer whose whole root is one member, which is a read and in no record.
MOTO_CANNOT = {
    ("apigatewayv2", "GetProductPage"),
    ("apigatewayv2", "GetProductRestEndpointPage"),
    ("apigatewayv2", "UpdateProductPage"),
    ("bedrock-agentcore", "GetAgentCard"),
    ("s3", "GetBucketLocation"),
    ("s3", "GetBucketNotification"),
}
GOAL = 0.999


def differences(service: str, seed: str) -> tuple[int, list[str]]:
    model = service_model(service)
    count, found = 0, []
    for protocol in model.metadata.get("protocols") or [model.metadata["protocol"]]:
        for name in model.operation_names:
            if (service, name) in MOTO_CANNOT:
                continue
            count += 1
            told = difference(service, name, protocol, seed)
            if told is not None:
                found.append(f"{service}.{name}[{protocol}] {told}")
    return count, found


@pytest.mark.parametrize(
    "service", ["cloudwatch", "dynamodb", "eks", "iam", "kinesis", "lambda", "route53", "s3", "s3control", "sqs", "sts"]
)
def test_answers_of_whole_services_are_read_as_they_were_meant(service: str) -> None:
    count, found = differences(service, "sample")
    assert count > 10 - (service == "sts")
    assert not found, "\n".join(found)


@pytest.mark.soak
def test_answers_of_every_operation_are_read_as_they_were_meant() -> None:
    count, found = 0, []
    for service in sorted(available_services()):
        of_service, told = differences(service, "all")
        count += of_service
        found += told
    print(f"{count} answers, {len(found)} of them not as meant")
    print("\n".join(found))
    assert count > 19_000
    assert 1 - len(found) / count >= GOAL, found
