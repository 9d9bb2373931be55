"""What botocore's serializers write, the readers read back equal: over many services and all protocols."""

import random

import pytest

from opentrail.wire.protocols import read_request
from opentrail.wire.service_models import service_model
from tests.wire.protocols.made_requests import Maker, expected, request_of, without_times

# service -> how many of its operations, taken evenly
_SAMPLE = {
    "ec2": ("ec2", 60),
    "iam": ("query", 40),
    "sts": ("query", 8),
    "rds": ("query", 30),
    "sns": ("query", 20),
    "cloudformation": ("query", 25),
    "elbv2": ("query", 20),
    "ses": ("query", 20),
    "autoscaling": ("query", 20),
    "dynamodb": ("json", 30),
    "sqs": ("json", 15),
    "kms": ("json", 20),
    "ssm": ("json", 25),
    "organizations": ("json", 15),
    "cloudtrail": ("json", 20),
    "lambda": ("rest-json", 40),
    "apigateway": ("rest-json", 30),
    "glacier": ("rest-json", 15),
    "iot": ("rest-json", 30),
    "batch": ("rest-json", 10),
    "s3": ("rest-xml", 100),
    "s3control": ("rest-xml", 30),
    "route53": ("rest-xml", 30),
    "cloudfront": ("rest-xml", 30),
    "eventbridgev2": ("smithy-rpc-v2-cbor", 15),
}
# The same method, path and required members as a newer operation: nobody could tell them apart.
_SUPERSEDED = {
    ("s3", "GetBucketLifecycle"),
    ("s3", "GetBucketNotification"),
    ("s3", "ListDirectoryBuckets"),
    ("s3", "PutBucketLifecycle"),
    ("s3", "PutBucketNotification"),
}


def _cases():
    for service, (protocol, count) in _SAMPLE.items():
        names = list(service_model(service).operation_names)
        step = max(1, len(names) // count)
        for name in names[::step]:
            if (service, name) not in _SUPERSEDED:
                yield service, name, protocol


@pytest.mark.parametrize("service", list(_SAMPLE))
def test_parameters_are_read_back_equal(service):
    compared = 0
    for _, name, protocol in (case for case in _cases() if case[0] == service):
        operation = service_model(service).operation_model(name)
        for seed in range(3):
            made = Maker(random.Random(f"{service}{name}{seed}").randint(0, 1 << 30))
            parameters = made.structure(operation.input_shape) if operation.input_shape is not None else {}
            request, body = request_of(operation, parameters, protocol)
            found = read_request(service, request, body)
            assert found.operation.name == name
            read = without_times(operation.input_shape, found.parameters)
            if "ContentLength" not in parameters:  # a member of some S3 calls, and a header of all
                read.pop("ContentLength", None)
            assert read == expected(operation.input_shape, parameters), f"{service} {name} {seed}"
            compared += 1
    assert compared >= 15


def test_timestamps_are_kept_as_sent():
    cases = [
        ("cloudtrail", "LookupEvents", {"StartTime": 1_700_000_000}, 1_700_000_000),
        ("rds", "DescribeEvents", {"StartTime": 1_700_000_000}, "2023-11-14T22:13:20Z"),
        (
            "s3",
            "GetObject",
            {"Bucket": "b11", "Key": "k", "IfModifiedSince": 1_700_000_000},
            "Tue, 14 Nov 2023 22:13:20 GMT",
        ),
    ]
    for service, name, parameters, sent in cases:
        operation = service_model(service).operation_model(name)
        request, body = request_of(operation, parameters, service_model(service).resolved_protocol)
        read = read_request(service, request, body).parameters
        assert read.get("StartTime", read.get("IfModifiedSince")) == sent
