"""Readers of answers give what botocore's parser gives, or leave the answer to it."""

import random
from typing import Any

import pytest

from opentrail.wire import answers
from opentrail.wire.answer_values import Unusual, answer_reader
from opentrail.wire.service_models import service_model
from tests.wire.made_answers import json_body, odd_json, odd_xml, xml_body
from tests.wire.protocols.made_requests import Maker

SERVICES = {
    "json": (
        "dynamodb",
        "sqs",
        "kms",
        "ssm",
        "secretsmanager",
        "ecs",
        "glue",
        "stepfunctions",
        "logs",
        "organizations",
    ),
    "rest-json": ("lambda", "eks", "apigateway", "bedrock", "iot", "batch"),
    "query": ("iam", "sts", "sns", "rds", "autoscaling", "cloudformation", "elb", "ses", "redshift"),
}
CASES = [(protocol, service) for protocol, services in SERVICES.items() for service in services]


def by_botocore(operation: Any, body: bytes, protocol: str) -> Any:
    parsed = answers._parse(operation, 200, {}, body, protocol)
    if parsed is not None:
        parsed.pop("ResponseMetadata", None)
    return parsed


def same(found: Any, wanted: Any) -> bool:
    """Equal, and in the same order."""
    return repr(found) == repr(wanted)


@pytest.mark.parametrize(("protocol", "service"), CASES)
def test_readers_agree_with_botocore(protocol: str, service: str) -> None:
    model = service_model(service)
    source, read = random.Random(service), 0
    for name in source.sample(model.operation_names, min(len(model.operation_names), 40)):
        operation = model.operation_model(name)
        reader = answer_reader(operation, protocol)
        if reader is None:
            continue
        for seed in range(6):
            xml = protocol == "query"
            body = (xml_body if xml else json_body)(operation, Maker(seed))
            if seed > 1:
                body = (odd_xml if xml else odd_json)(body, source)
            try:
                found = reader(body)
            except Unusual:
                continue  # botocore's to read
            read += 1
            assert same(found, by_botocore(operation, body, protocol)), (name, body)
    assert read > 40 or read > 3 * len(model.operation_names) // 2


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"{", b'{"Attributes":null}', b'{"a":1e400}', b'{"Attributes":{"k":{"S":"\\ud800"}}}',
     b'{"Attributes":' + b'{"k":{"M":' * 200 + b"{}" + b"}}" * 200 + b"}", b"\xff"],
)  # fmt: skip
def test_hostile_answers_read_as_botocore_reads_them(body: bytes) -> None:
    operation = service_model("dynamodb").operation_model("PutItem")
    assert same(answers._output(operation, 200, {}, body, "json"), by_botocore(operation, body, "json"))


@pytest.mark.parametrize(("service", "name"), [("dynamodb", "PutItem"), ("iam", "CreateUser"), ("lambda", "Invoke")])
def test_an_answer_is_read_when_somebody_asks(service: str, name: str) -> None:
    operation = service_model(service).operation_model(name)
    answer = answers.read_answer(operation, 200, {"x-amzn-requestid": "r"}, b"<broken")
    assert (answer.error_code, answer.request_id, answer.unreadable) == (None, "r", False)
    answer = answers.read_answer(operation, 200, {"x-amzn-requestid": "r"}, b"{}" if service != "iam" else b"<broken")
    assert answer.output == (None if service == "iam" else answer.output)
    assert answer.unreadable is (service == "iam")
