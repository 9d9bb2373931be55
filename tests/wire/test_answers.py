"""Answers read back by every protocol: results, errors, what was not held, and noise."""

import pytest

from opentrail.wire.answers import read_answer
from opentrail.wire.service_models import available_services, service_model


def _operation(service, name):
    return service_model(service).operation_model(name)


def test_query_answer():
    body = (
        b'<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path>'
        b"<UserName>dana</UserName><UserId>AIDA1</UserId><CreateDate>2026-03-04T10:15:31Z</CreateDate></User>"
        b"</CreateUserResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></CreateUserResponse>"
    )
    answer = read_answer(_operation("iam", "CreateUser"), 200, {}, body)
    assert answer.output == {
        "User": {"Path": "/", "UserName": "dana", "UserId": "AIDA1", "CreateDate": "2026-03-04T10:15:31Z"}
    }
    assert (answer.error_code, answer.request_id) == (None, "r-1")


ERRORS = [
    (
        "iam", "GetUser", 404, {},
        b"<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no</Message></Error>"
        b"<RequestId>r</RequestId></ErrorResponse>",
        ("NoSuchEntity", "no", "r"),
    ),
    (
        "ec2", "DescribeInstances", 400, {},
        b"<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no</Message></Error></Errors>"
        b"<RequestID>r</RequestID></Response>",
        ("InvalidInstanceID.NotFound", "no", "r"),
    ),
    (
        "dynamodb", "GetItem", 400, {"x-amzn-requestid": "r"},
        b'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}',
        ("ResourceNotFoundException", "no", "r"),
    ),
    (
        "sqs", "GetQueueUrl", 400,
        {"x-amzn-requestid": "r", "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
        b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}',
        ("QueueDoesNotExist", "no", "r"),
    ),
    (
        "lambda", "GetFunction", 404, {"x-amzn-requestid": "r", "x-amzn-errortype": "ResourceNotFoundException:http://x"},
        b'{"Message":"no"}',
        ("ResourceNotFoundException", "no", "r"),
    ),
    (
        "s3", "GetObject", 404, {"x-amz-request-id": "R1", "x-amz-id-2": "H"},
        b"<Error><Code>NoSuchKey</Code><Message>no</Message><RequestId>R2</RequestId></Error>",
        ("NoSuchKey", "no", "R1"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("service", "name", "status", "headers", "body", "wanted"), ERRORS)
def test_errors(service, name, status, headers, body, wanted):
    answer = read_answer(_operation(service, name), status, headers, body)
    assert (answer.error_code, answer.error_message, answer.request_id) == wanted
    assert answer.output is None


def test_blobs_and_times_stay_as_sent_and_objects_are_left_out():
    answer = read_answer(_operation("kms", "Encrypt"), 200, {}, b'{"CiphertextBlob":"AQID","KeyId":"k"}')
    assert answer.output == {"CiphertextBlob": "AQID", "KeyId": "k"}
    answer = read_answer(_operation("dynamodb", "DescribeTable"), 200, {}, b'{"Table":{"CreationDateTime":1.5}}')
    assert answer.output == {"Table": {"CreationDateTime": 1.5}}
    answer = read_answer(_operation("s3", "GetObject"), 200, {"etag": '"x"', "content-length": "3"}, b"abc")
    assert answer.output is not None and "Body" not in answer.output and answer.output["ETag"] == '"x"'


def test_a_body_that_was_not_held_leaves_what_the_headers_say():
    answer = read_answer(_operation("s3", "ListObjects"), 200, {"x-amz-request-id": "R", "x-amz-id-2": "H"}, None)
    assert (answer.output, answer.error_code, answer.request_id, answer.host_id) == (None, None, "R", "H")
    answer = read_answer(_operation("lambda", "Invoke"), 429, {"x-amzn-errortype": "TooManyRequestsException"}, None)
    assert answer.error_code == "TooManyRequestsException"


@pytest.mark.parametrize("body", [b"", b"{", b"<a", b"\xff\x00", b"[]", b"null", b"<a/>", b"1" * 400, b'"x"'])
@pytest.mark.parametrize("status", [200, 404, 503])
def test_noise_is_never_raised(body, status):
    for service in ("s3", "iam", "ec2", "dynamodb", "lambda", "route53", "cloudwatch", "eventbridgev2"):
        model = service_model(service)
        answer = read_answer(model.operation_model(model.operation_names[0]), status, {}, body)
        assert (answer.error_code is not None) == (status >= 300)


def test_every_service_has_a_parser():
    for service in sorted(available_services())[::12]:
        model = service_model(service)
        operation = model.operation_model(model.operation_names[0])
        assert read_answer(operation, 500, {}, b"").error_code == "500"


def test_a_web_page_is_no_error_message():
    page = b"<!doctype html><title>500 Internal Server Error</title>"
    headers = {"content-type": "text/html; charset=utf-8"}
    answer = read_answer(_operation("dynamodb", "GetItem"), 500, headers, page)
    assert answer.error_code and answer.error_message is None
