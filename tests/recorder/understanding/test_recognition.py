"""Which service and operation a request is for, signed or not, and where services share a name."""

import pytest

from opentrail.recorder.understanding.recognition import recognise
from opentrail.wire.http import HttpRequest
from opentrail.wire.service_models import available_services, service_model, services_signing_as
from opentrail.wire.service_names import SIGNING_NAMES
from tests.recorder.calls import made, signed
from tests.wire.protocols.hostile import hostile_request

FORM = ("content-type", "application/x-www-form-urlencoded")

# Two models of one and the same API, or of calls that both have: nobody can tell them apart, and records have the
# same eventSource.
_SAME = {"docdb": "rds", "neptune": "rds", "wisdom": "qconnect"}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("elb", "DescribeLoadBalancers"), ("elbv2", "DescribeTargetGroups"), ("elbv2", "DescribeLoadBalancers"),
        ("dynamodbstreams", "GetRecords"), ("dynamodb", "GetItem"), ("sesv2", "SendEmail"), ("ses", "ListIdentities"),
        ("opensearch", "ListVersions"), ("apigatewayv2", "GetApis"), ("apigateway", "GetRestApis"),
        ("bedrock-runtime", "InvokeModel"), ("bedrock", "ListFoundationModels"), ("timestream-write", "ListTables"),
        ("timestream-query", "Query"), ("sagemaker-runtime", "InvokeEndpoint"), ("sagemaker", "ListModels"),
        ("s3control", "ListAccessPoints"), ("s3", "ListBuckets"), ("eventbridgev2", "UpdateSubscriber"),
        ("events", "PutRule"), ("kinesisanalyticsv2", "ListApplications"), ("lambda", "ListFunctions"),
        ("servicecatalog-appregistry", "ListApplications"), ("iam", "ListUsers"), ("cloudwatch", "ListMetrics"),
    ],
)  # fmt: skip
def test_signed_calls_by_scope_and_by_what_tells_services_of_one_scope_apart(service, operation):
    shape = service_model(service).operation_model(operation).input_shape
    required = shape.required_members if shape is not None else []
    parameters = {name: _value(shape.members[name].type_name) for name in required}
    request, body = made(service, operation, {} if service == "eventbridgev2" else parameters)
    assert recognise(request, signed(service_model(service).signing_name), body) == service


def _value(type_name):
    return {"structure": {}, "map": {}, "list": [], "blob": b"{}", "integer": 1}.get(type_name, "abcdefgh")


def test_every_scope_gives_one_of_its_services():
    for scope in sorted({*SIGNING_NAMES, *available_services()}):
        request = HttpRequest("POST", "/", "", (("host", "127.0.0.1:4566"),), "192.0.2.1", "http")
        found = recognise(request, signed(scope), b"")
        assert (found in services_signing_as(scope)) or (found is None and not services_signing_as(scope))


def test_same_api_has_the_same_source():
    for twin, service in _SAME.items():
        assert service_model(twin).signing_name == service_model(service).signing_name


def _unsigned(method="POST", path="/", query="", headers=(), host="127.0.0.1:4566"):
    return HttpRequest(method, path, query, (("host", host), *headers), "192.0.2.1", "http")


def test_unsigned_calls():
    saml = b"Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=x"
    cognito = ("x-amz-target", "AWSCognitoIdentityService.GetId")
    assert recognise(_unsigned(headers=(FORM,)), None, saml) == "sts"
    assert recognise(_unsigned(headers=(cognito,)), None, b"{}") == "cognito-identity"
    assert recognise(_unsigned("GET", "/bucket/key"), None, None) == "s3"
    assert recognise(_unsigned("GET", "/", host="bucket.s3.amazonaws.com"), None, None) == "s3"
    assert recognise(_unsigned(host="monitoring.eu-west-1.amazonaws.com"), None, b"") == "cloudwatch"
    assert recognise(_unsigned(headers=(("x-amz-target", "Nobody.Knows"),)), None, b"{}") is None


def test_unknown_scope():
    assert recognise(_unsigned(), signed("no-such-service"), b"") is None


def test_hostile_requests_do_not_raise():
    found = set()
    for seed in range(800):
        request, body = hostile_request(seed)
        found.add(recognise(request, None, body))
        scope = ("s3", "rds", "lambda", "%%", "bedrock", "aws-marketplace")[seed % 6]
        found.add(recognise(request, signed(scope), body))
    assert {"s3", "sts", None} & found
