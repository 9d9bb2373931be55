"""Which operation and which parameters: by hand, and from requests that no client sends."""

import pytest

from opentrail import limits
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols import UnreadableCall, read_request
from opentrail.wire.protocols.s3_addressing import bucket_in_host
from opentrail.wire.service_models import service_model
from tests.wire.protocols.hostile import damaged, hostile_request
from tests.wire.protocols.made_requests import Maker, request_of

FORM = ("content-type", "application/x-www-form-urlencoded")


def _request(method="POST", path="/", query="", headers=(), host="127.0.0.1:4566"):
    return HttpRequest(method, path, query, (("host", host), *headers), "192.0.2.1", "http")


S3_CALLS = [
    ("GET", "/", "", (), "ListBuckets"),
    ("GET", "/b11", "", (), "ListObjects"),
    ("GET", "/b11/", "list-type=2&prefix=a", (), "ListObjectsV2"),
    ("GET", "/b11", "acl", (), "GetBucketAcl"),
    ("GET", "/b11", "acl=", (), "GetBucketAcl"),
    ("GET", "/b11", "analytics", (), "ListBucketAnalyticsConfigurations"),
    ("GET", "/b11", "analytics&id=x", (), "GetBucketAnalyticsConfiguration"),
    ("GET", "/b11", "lifecycle", (), "GetBucketLifecycleConfiguration"),
    ("GET", "/b11", "versions", (), "ListObjectVersions"),
    ("GET", "/b11", "uploads", (), "ListMultipartUploads"),
    ("HEAD", "/b11", "", (), "HeadBucket"),
    ("PUT", "/b11", "", (), "CreateBucket"),
    ("PUT", "/b11", "policy", (), "PutBucketPolicy"),
    ("POST", "/b11", "delete", (), "DeleteObjects"),
    ("GET", "/b11/a/b%20c", "", (), "GetObject"),
    ("GET", "/b11/a", "x-id=GetObject&partNumber=1", (), "GetObject"),
    ("GET", "/b11/a", "uploadId=u", (), "ListParts"),
    ("GET", "/b11/a", "acl", (), "GetObjectAcl"),
    ("HEAD", "/b11/folder/", "", (), "HeadObject"),
    ("PUT", "/b11/a", "", (), "PutObject"),
    ("PUT", "/b11/a", "", (("x-amz-copy-source", "b/c"),), "CopyObject"),
    ("PUT", "/b11/a", "partNumber=1&uploadId=u", (), "UploadPart"),
    ("PUT", "/b11/a", "partNumber=1&uploadId=u", (("x-amz-copy-source", "b/c"),), "UploadPartCopy"),
    ("PUT", "/b11/a", "tagging", (), "PutObjectTagging"),
    ("POST", "/b11/a", "uploads", (), "CreateMultipartUpload"),
    ("POST", "/b11/a", "uploadId=u", (), "CompleteMultipartUpload"),
    ("POST", "/b11/a", "restore", (), "RestoreObject"),
    ("POST", "/b11/a", "select&select-type=2", (), "SelectObjectContent"),
    ("DELETE", "/b11/a", "", (), "DeleteObject"),
    ("DELETE", "/b11/a", "uploadId=u", (), "AbortMultipartUpload"),
    ("DELETE", "/b11", "publicAccessBlock", (), "DeletePublicAccessBlock"),
]


@pytest.mark.parametrize(("method", "path", "query", "headers", "operation"), S3_CALLS)
def test_s3_operations_are_told_by_method_path_query_and_headers(method, path, query, headers, operation):
    assert read_request("s3", _request(method, path, query, headers), b"").operation.name == operation


def test_keys_keep_their_slashes_and_are_decoded_once():
    for path, key in (("/b11//k", "/k"), ("/b11/f/", "f/"), ("/b11/a%2Fb%2520", "a/b%20"), ("/b11/a+b", "a+b")):
        assert read_request("s3", _request("GET", path), b"").parameters["Key"] == key


def test_bucket_in_the_host():
    for host in (
        "b11.s3.amazonaws.com",
        "b11.s3.eu-west-1.amazonaws.com",
        "b11.s3-us-west-2.amazonaws.com",
        "b11.localhost:4566",
    ):
        found = read_request("s3", _request("GET", "/k", host=host), b"")
        assert found.parameters == {"Bucket": "b11", "Key": "k"}
    assert (
        read_request("s3", _request("GET", "/b11/k", host="s3.eu-west-1.amazonaws.com"), b"").parameters["Bucket"]
        == "b11"
    )


def test_query_calls_come_in_the_body_and_in_the_url():
    wanted = {"UserName": "dana"}
    assert (
        read_request("iam", _request(headers=(FORM,)), b"Action=GetUser&Version=2010-05-08&UserName=dana").parameters
        == wanted
    )
    assert read_request("iam", _request("GET", query="UserName=dana&Action=GetUser"), b"").parameters == wanted


def test_query_lists_in_the_order_of_their_numbers():
    body = b"Action=DescribeInstances&InstanceId.10=j&InstanceId.2=b&InstanceId.1=a"
    assert read_request("ec2", _request(), body).parameters == {"InstanceIds": ["a", "b", "j"]}


def test_a_service_that_changed_its_protocol_is_still_read_in_the_old_one():
    body = b"Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5"
    found = read_request("sqs", _request(headers=(FORM,)), body)
    assert (found.operation.name, found.protocol, found.parameters["QueueName"]) == ("CreateQueue", "query", "q")


def test_values_that_do_not_fit_their_type_stay_text():
    found = read_request("ec2", _request(), b"Action=RunInstances&MinCount=one&MaxCount=2&DryRun=maybe")
    assert found.parameters == {"MinCount": "one", "MaxCount": 2, "DryRun": "maybe"}


def test_members_that_the_model_does_not_know_are_kept():
    target = (("x-amz-target", "DynamoDB_20120810.GetItem"),)
    assert read_request("dynamodb", _request(headers=target), b'{"TableName":"T","New":[1]}').parameters == {
        "TableName": "T",
        "New": [1],
    }


def test_unreadable_calls_say_why_and_keep_the_operation():
    target = (("x-amz-target", "DynamoDB_20120810.GetItem"),)
    deep, tagging = "parameters are nested too deep", _request("PUT", "/b11", "tagging")
    cases = [
        ("dynamodb", _request(headers=target), b"{", "body is not JSON", "GetItem"),
        ("dynamodb", _request(headers=target), None, "body was not held", "GetItem"),
        ("dynamodb", _request(headers=target), b'{"a":' * 300 + b"1" + b"}" * 300, deep, "GetItem"),
        ("dynamodb", _request(headers=(("x-amz-target", "X.Nope"),)), b"{}", "no such operation", "Nope"),
        ("s3", tagging, b"<!DOCTYPE a []><a/>", "body is not plain XML", "PutBucketTagging"),
        ("s3", tagging, b"<a>" * 100 + b"</a>" * 100, deep, "PutBucketTagging"),
        ("iam", _request(), b"Action=GetUser" + b"&a=1" * 20_001, "too many form fields", "GetUser"),
        ("iam", _request(), b"Action=GetUser&" + b"a." * 100 + b"=1", "parameters are nested too deep", "GetUser"),
        ("no-such", _request(), b"", "no such service", ""),
    ]  # fmt: skip
    for service, request, body, reason, operation in cases:
        with pytest.raises(UnreadableCall) as raised:
            read_request(service, request, body)
        assert (raised.value.reason, raised.value.operation_name) == (reason, operation)


def test_parameters_may_be_as_deep_as_the_limit_says_and_as_wide_as_their_body():
    request = _request(headers=(("x-amz-target", "DynamoDB_20120810.GetItem"),))
    deepest = limits.PARAMETER_DEPTH - 1  # below the object that the body is
    wide = b'{"b":[' + b"[],{}," * 1000 + b'1],"a":'
    nested = {levels: wide + b"[" * levels + b"1" + b"]" * levels + b"}" for levels in (deepest, deepest + 1)}
    assert set(read_request("dynamodb", request, nested[deepest]).parameters) == {"a", "b"}
    with pytest.raises(UnreadableCall, match="nested too deep"):
        read_request("dynamodb", request, nested[deepest + 1])


def test_a_streaming_body_need_not_be_held():
    found = read_request("s3", _request("PUT", "/b11/k"), None)
    assert found.parameters == {"Bucket": "b11", "Key": "k"}


SERVICES = ("s3", "dynamodb", "iam", "ec2", "lambda", "sqs", "route53", "cloudwatch", "s3control", "eventbridgev2")


def test_hostile_requests_raise_nothing_but_unreadable_call():
    unreadable = 0
    for seed in range(1500):
        request, body = hostile_request(seed)
        try:
            read_request(SERVICES[seed % len(SERVICES)], request, body)
        except UnreadableCall as fault:
            unreadable += 1
            assert fault.reason
    assert 500 < unreadable < 1500


def test_damaged_requests_raise_nothing_but_unreadable_call():
    read, refused = 0, 0
    for seed in range(1500):
        model = service_model(SERVICES[seed % len(SERVICES)])
        names = list(model.operation_names)
        operation = model.operation_model(names[seed * 7 % len(names)])
        if operation.input_shape is None:
            continue
        parameters = Maker(seed).structure(operation.input_shape)
        request, body = damaged(*request_of(operation, parameters, model.resolved_protocol), seed)
        try:
            read_request(model.service_name, request, body)
            read += 1
        except UnreadableCall:
            refused += 1
    assert read > 100 and refused > 100


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("logs.s3.localhost:4566", "logs"),
        ("logs.localhost", "logs"),
        ("my.s3.data.s3.amazonaws.com", "my.s3.data"),
        ("logs.s3.eu-west-1.amazonaws.com", "logs"),
        ("logs.s3-us-west-2.amazonaws.com", "logs"),
        ("logs.s3.dualstack.us-west-2.amazonaws.com", "logs"),
        ("logs--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "logs--use1-az4--x-s3"),
        ("a.b.c.s3.example.org:80", "a.b.c"),
        ("s3.localhost", None),
        ("s3.us-east-1.amazonaws.com", None),
        ("127.0.0.1:4566", None),
        ("monitoring.eu-west-1.amazonaws.com", None),
    ],
)
def test_buckets_in_hosts(host, bucket):
    assert bucket_in_host(host) == bucket
