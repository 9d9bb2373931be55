"""Every protocol's own shape of an error, read back by botocore's own parsers."""

import pytest
from botocore.parsers import create_parser

from opentrail.recorder.answers.refusals import (
    Family,
    Fault,
    UpstreamDown,
    answer_to,
    family_of,
    fault_of,
    new_request_id,
)
from opentrail.wire.http import HttpRequest
from opentrail.wire.service_models import service_model
from opentrail.wire.signature_errors import InvalidSignature

PARSERS: dict[Family, tuple[str, str, str]] = {
    "s3": ("rest-xml", "s3", "ListBuckets"),
    "rest-xml": ("rest-xml", "route53", "ListHostedZones"),
    "query": ("query", "iam", "ListUsers"),
    "ec2": ("ec2", "ec2", "DescribeInstances"),
    "json": ("json", "dynamodb", "ListTables"),
    "rest-json": ("rest-json", "lambda", "ListFunctions"),
    "cbor": ("smithy-rpc-v2-cbor", "cloudwatch", "ListMetrics"),
}


def request(method: str = "POST", path: str = "/<b>&", query: str = "", **headers: str) -> HttpRequest:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method, path, query, pairs, "127.0.0.1", "http")


@pytest.mark.parametrize("family", PARSERS)
def test_botocore_reads_code_message_and_request_id(family: Family) -> None:
    protocol, service, operation = PARSERS[family]
    fault = Fault(400, "SomeFault", 'less < & "more"', family)
    request_id = new_request_id(family)
    answer = answer_to(fault, request(), request_id)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    assert headers["content-length"] == str(len(answer.body)) and headers["date"].endswith("GMT")
    shape = service_model(service).operation_model(operation).output_shape
    told = {"status_code": 400, "headers": headers, "body": answer.body, "context": {"operation_name": operation}}
    parsed = create_parser(protocol).parse(told, shape)
    assert parsed["Error"]["Code"] == "SomeFault"
    assert parsed["Error"]["Message"] == 'less < & "more"'
    assert request_id in (parsed["ResponseMetadata"].get("RequestId"), headers.get("x-amzn-requestid"))


def test_the_answer_to_head_has_no_body_but_its_length() -> None:
    answer = answer_to(Fault(403, "AccessDenied", "Access Denied", "s3"), request("HEAD"), "0123456789ABCDEF")
    assert answer.body == b""
    assert (b"x-amz-request-id", b"0123456789ABCDEF") in answer.headers


@pytest.mark.parametrize(
    ("service", "sent", "family"),
    [
        ("s3", request("GET"), "s3"),
        ("ec2", request(content_type="application/x-www-form-urlencoded"), "ec2"),
        ("sts", request(content_type="application/x-www-form-urlencoded; charset=utf-8"), "query"),
        ("iam", request("GET", query="Action=ListUsers&Version=2010-05-08"), "query"),
        ("sqs", request(x_amz_target="AmazonSQS.ListQueues"), "json"),
        ("sqs", request(content_type="application/x-www-form-urlencoded"), "query"),
        ("lambda", request("GET"), "rest-json"),
        ("route53", request("GET"), "rest-xml"),
        ("cloudwatch", request(smithy_protocol="rpc-v2-cbor"), "cbor"),
        (None, request("GET"), "s3"),
    ],
)
def test_the_protocol_is_the_one_that_the_client_speaks(service: str | None, sent: HttpRequest, family: str) -> None:
    assert family_of(service, sent) == family


def test_one_refusal_has_each_protocols_name() -> None:
    codes = {family: fault_of(InvalidSignature(), family).code for family in PARSERS}
    assert codes["s3"] == codes["query"] == "SignatureDoesNotMatch"
    assert codes["json"] == codes["rest-json"] == "InvalidSignatureException"
    assert codes["ec2"] == "AuthFailure"


def test_records_of_ec2_say_whose_fault_it_was() -> None:
    assert fault_of(InvalidSignature(), "ec2").recorded_code == "Client.AuthFailure"
    assert fault_of(UpstreamDown(), "ec2").recorded_code == "Server.ServiceUnavailable"
    assert fault_of(UpstreamDown(), "json").recorded_code == "ServiceUnavailable"
