"""What answers make of records: nulls, errors, resources, secrets."""

import pytest

from opentrail.recorder.records.outcome import Exchange, outcome
from opentrail.recorder.understanding.interpretation import interpret
from opentrail.telemetry import REGISTRY
from opentrail.wire.http import HttpRequest
from tests.recorder.calls import ACCOUNT, REGION, answered, interpreted, made, signed
from tests.wire.protocols.hostile import hostile_request

ROLE = "arn:aws:iam::444455556666:role/ci/Deployer"


def _assume_role_answer():
    return (
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>SECRET1"
        b"</SecretAccessKey><SessionToken>SECRET2</SessionToken><Expiration>2026-03-04T11:15:31Z</Expiration></Credentials>"
        b"<AssumedRoleUser><AssumedRoleId>AROA1:s</AssumedRoleId><Arn>arn:aws:sts::444455556666:assumed-role/Deployer/s"
        b"</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
    )


def test_assume_role_answers_although_it_reads_and_keeps_no_secret():
    found = answered("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "s"}, _assume_role_answer())
    assert found.response_elements == {
        "credentials": {
            "accessKeyId": "ASIA1",
            "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "expiration": "Mar 4, 2026, 11:15:31 AM",
        },
        "assumedRoleUser": {
            "assumedRoleId": "AROA1:s",
            "arn": "arn:aws:sts::444455556666:assumed-role/Deployer/s",
        },
    }
    assert found.resources == [{"accountId": "444455556666", "type": "AWS::IAM::Role", "ARN": ROLE}]
    assert "SECRET" not in repr(found)


def test_reads_and_empty_writes_have_null_elements():
    assert answered("dynamodb", "DescribeTable", {"TableName": "T"}, b'{"Table":{}}').response_elements is None
    assert answered("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": "p"}, b"<R/>").response_elements is None
    assert answered("kms", "GenerateDataKey", {"KeyId": "k"}, b'{"Plaintext":"AA=="}').response_elements is None


def test_the_status_of_an_answer_is_no_element():
    assert answered("lambda", "DeleteFunction", {"FunctionName": "f"}, b"", 204).response_elements is None
    found = answered("lambda", "Invoke", {"FunctionName": "f"}, b"1", 200, {"x-amz-executed-version": "$LATEST"})
    assert found.response_elements is None


def test_what_a_database_answers_stays_out():
    body = b'{"records":[[{"stringValue":"SECRET1"}]],"numberOfRecordsUpdated":0}'
    call = {"resourceArn": "r", "secretArn": "s", "sql": "select 'SECRET2'"}
    found = answered("rds-data", "ExecuteStatement", call, body)
    assert found.response_elements == {"records": "HIDDEN_DUE_TO_SECURITY_REASONS", "numberOfRecordsUpdated": 0}
    assert "SECRET" not in repr(found)


def test_secrets_never_stand_in_answers():
    key = (
        b"<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>d</UserName><AccessKeyId>AKIA1</AccessKeyId>"
        b"<Status>Active</Status><SecretAccessKey>SECRET1</SecretAccessKey></AccessKey></CreateAccessKeyResult>"
        b"</CreateAccessKeyResponse>"
    )
    found = answered("iam", "CreateAccessKey", {"UserName": "d"}, key)
    assert found.response_elements == {"accessKey": {"userName": "d", "accessKeyId": "AKIA1", "status": "Active"}}
    assert found.output["AccessKey"]["SecretAccessKey"] == "SECRET1"
    assert "SECRET1" not in repr(found)


def test_credentials_of_an_identity_pool():
    body = b'{"IdentityId":"i","Credentials":{"AccessKeyId":"ASIA1","SecretKey":"SECRET1","SessionToken":"SECRET2"}}'
    found = answered("cognito-identity", "GetCredentialsForIdentity", {"IdentityId": "i"}, body)
    assert found.response_elements["credentials"]["accessKeyId"] == "ASIA1"
    assert "SECRET" not in repr(found)


def test_structures_that_aws_unwraps():
    body = (
        b"<CreateDBSnapshotResponse><CreateDBSnapshotResult><DBSnapshot><DBSnapshotIdentifier>s</DBSnapshotIdentifier>"
        b"<Port>3306</Port></DBSnapshot></CreateDBSnapshotResult></CreateDBSnapshotResponse>"
    )
    found = answered("rds", "CreateDBSnapshot", {"DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "d"}, body)
    assert found.response_elements == {"dBSnapshotIdentifier": "s", "port": 3306}
    found = answered("secretsmanager", "CreateSecret", {"Name": "s"}, b'{"ARN":"arn:x","Name":"s","VersionId":"v"}')
    assert found.response_elements == {"arn": "arn:x"}


def _query_error(code):
    return b"<ErrorResponse><Error><Code>%s</Code><Message>m</Message></Error></ErrorResponse>" % code.encode()


def test_modelled_errors_have_the_names_of_their_shapes():
    found = answered("iam", "GetRole", {"RoleName": "r"}, _query_error("NoSuchEntity"), 404)
    assert (found.error_code, found.error_message) == ("NoSuchEntityException", "m")
    assert found.request_parameters == {"roleName": "r"}
    code = answered(
        "rds", "DeleteDBInstance", {"DBInstanceIdentifier": "d"}, _query_error("InvalidDBInstanceState"), 400
    )
    assert code.error_code == "InvalidDBInstanceStateFault"


@pytest.mark.parametrize(
    ("service", "name", "parameters", "code", "hidden"),
    [
        ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "s"}, "AccessDenied", True),
        ("ssm", "DeleteParameter", {"Name": "p"}, "ThrottlingException", True),
        ("ssm", "DeleteParameter", {"Name": "p"}, "ParameterNotFound", False),
        ("iam", "GetRole", {"RoleName": "r"}, "AccessDenied", False),
    ],
)
def test_which_failures_hide_their_parameters(service, name, parameters, code, hidden):
    body = b'{"__type":"%s","message":"m"}' % code.encode() if service == "ssm" else _query_error(code)
    found = answered(service, name, parameters, body, 400)
    assert (found.request_parameters is None, found.error_code) == (hidden, code)
    if hidden:
        assert found.resources is None


@pytest.mark.parametrize(
    ("service", "name", "parameters", "answer", "wanted"),
    [
        ("dynamodb", "PutItem", {"TableName": "T", "Item": {}}, b"{}",
         [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/T"]),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"A": {"Keys": []}, "B": {"Keys": []}}}, b"{}",
         [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/A", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/B"]),
        ("dynamodb", "ExecuteStatement", {"Statement": "SELECT * FROM Music WHERE a = 'from Books'"}, b"{}",
         [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Music"]),
        ("dynamodb", "BatchExecuteStatement",
         {"Statements": [{"Statement": 'UPDATE "Music" SET a = 1'}, {"Statement": "insert into Books VALUE {}"}]},
         b"{}",
         [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Music", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Books"]),
        ("ebs", "ListChangedBlocks", {"FirstSnapshotId": "snap-1", "SecondSnapshotId": "snap-2"}, b"{}",
         [f"arn:aws:ec2:{REGION}::snapshot/snap-1", f"arn:aws:ec2:{REGION}::snapshot/snap-2"]),
        ("lambda", "Invoke", {"FunctionName": "f"}, b"", [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"]),
        ("lambda", "GetFunction", {"FunctionName": "f"}, b"{}", None),
        ("kms", "Encrypt", {"KeyId": "alias/a", "Plaintext": b"x"}, b'{"KeyId":"arn:aws:kms:eu-west-1:1:key/k"}',
         ["arn:aws:kms:eu-west-1:1:key/k"]),
        ("kms", "ReEncrypt", {"DestinationKeyId": "alias/b", "CiphertextBlob": b"x"},
         b'{"SourceKeyId":"arn:aws:kms:eu-west-1:1:key/a","KeyId":"arn:aws:kms:eu-west-1:1:key/b"}',
         ["arn:aws:kms:eu-west-1:1:key/a", "arn:aws:kms:eu-west-1:1:key/b"]),
        ("kms", "DescribeKey", {"KeyId": "k"}, b"{}", [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"]),
        ("kms", "CreateAlias", {"AliasName": "alias/a", "TargetKeyId": "k"}, b"",
         [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"]),
        ("kms", "UpdateAlias", {"AliasName": "alias/a", "TargetKeyId": "k"}, b"",
         [f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"]),
        ("kms", "DeleteAlias", {"AliasName": "alias/a"}, b"", [f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"]),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:eu-west-1:9:t", "Message": "m"}, b"<R/>",
         ["arn:aws:sns:eu-west-1:9:t"]),
        ("sqs", "SendMessage", {"QueueUrl": "http://h:1/123456789012/q", "MessageBody": "m"}, b"{}",
         [f"arn:aws:sqs:{REGION}:123456789012:q"]),
        ("ssm", "GetParameters", {"Names": ["/a", "b"]}, b"{}",
         [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/a", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/b"]),
        ("iam", "ListUsers", {}, b"<R/>", None),
    ],
)  # fmt: skip
def test_resources(service, name, parameters, answer, wanted):
    found = answered(service, name, parameters, answer).resources
    assert (found and [entry["ARN"] for entry in found]) == wanted
    assert all(list(entry)[-1] == "ARN" and entry["accountId"] for entry in found or ())


def test_a_body_that_was_not_held_leaves_parameters_null_and_is_counted():
    def count():
        return REGISTRY.get_sample_value("opentrail_calls_unreadable_total", {"service": "dynamodb"}) or 0

    before = count()
    request, _ = made("dynamodb", "PutItem", {"TableName": "T", "Item": {}})
    found = interpret("dynamodb", request, None)
    assert (found.event_name, found.request_parameters, found.category) == ("PutItem", None, "Data")
    assert found.unreadable == "body was not held"
    assert count() == before + 1


def test_an_unknown_operation_is_named_as_the_caller_did():
    headers = (("host", "h"), ("x-amz-target", "DynamoDB_20120810.NewThing"))
    found = interpret("dynamodb", HttpRequest("POST", "/", "", headers, "192.0.2.1", "http"), b"{}")
    assert (found.event_source, found.event_name, found.operation) == ("dynamodb.amazonaws.com", "NewThing", None)
    result = outcome(
        found, Exchange(HttpRequest("POST", "/", "", headers, "c", "http"), None, "1", "r"), 400, {}, b"{}"
    )
    assert (result.error_code, result.response_elements) == ("BadRequest", None)


def test_an_unknown_service_is_named_by_its_scope():
    headers = (("host", "h"), ("x-amz-target", "Future_2030.MakeThing"))
    found = interpret(None, HttpRequest("POST", "/", "", headers, "c", "http"), b"{}", signed("future"))
    assert (found.event_source, found.event_name) == ("future.amazonaws.com", "MakeThing")


def test_a_browsers_form_upload():
    headers = (("host", "h"), ("content-type", "multipart/form-data; boundary=x"))
    found = interpret("s3", HttpRequest("POST", "/b11", "", headers, "c", "http"), None)
    assert (found.event_name, found.request_parameters) == ("PostObject", {"bucketName": "b11", "Host": "h"})
    asked = HttpRequest("POST", "/b11", "", headers, "c", "http")
    body = b"<Error><Code>EntityTooLarge</Code><Message>m</Message></Error>"
    result = outcome(found, Exchange(asked, None, ACCOUNT, REGION), 400, {}, body)
    assert (result.error_code, result.error_message) == ("EntityTooLarge", "m")
    assert outcome(found, Exchange(asked, None, ACCOUNT, REGION), 303, {}, b"").error_code is None


def test_a_browsers_question_before_a_cross_origin_call():
    found = interpret("s3", HttpRequest("OPTIONS", "/b11/k", "", (("host", "h"),), "c", "http"), b"")
    assert (found.event_name, found.read_only, found.category) == ("PreflightRequest", True, "Data")


def test_read_only_and_category():
    for service, name, parameters, read_only, category in (
        ("ec2", "DescribeVpcs", {}, True, "Management"),
        ("ec2", "CreateVpc", {}, False, "Management"),
        ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "s"}, True, "Management"),
        ("dynamodb", "GetItem", {"TableName": "T", "Key": {}}, True, "Data"),
        ("s3", "PutObject", {"Bucket": "b11", "Key": "k"}, False, "Data"),
        ("lambda", "Invoke", {"FunctionName": "f"}, False, "Data"),
    ):
        found = interpreted(service, name, parameters)
        assert (found.read_only, found.category) == (read_only, category), name
        assert found.management_event == (category == "Management")


def test_hostile_calls_and_answers_do_not_raise():
    answers = (b"", None, b"{}", b"<a/>", b"\xff", b"[", b"<a>" * 200)
    errors = 0
    for seed in range(1200):
        request, body = hostile_request(seed)
        service = ("s3", "dynamodb", "iam", "ec2", "lambda", "sqs", "s3control", "route53", "sts", None)[seed % 10]
        call = interpret(service, request, body, signed(service or "x"))
        assert call.event_source.endswith(".amazonaws.com") and call.event_name
        exchange = Exchange(request, None, ACCOUNT, REGION)
        found = outcome(call, exchange, (200, 404, 500, 301)[seed % 4], {}, answers[seed % len(answers)])
        errors += found.error_code is not None
    assert errors > 300


def test_aliases_are_of_the_type_of_their_keys():
    found = answered("kms", "CreateAlias", {"AliasName": "alias/a", "TargetKeyId": "k"}, b"").resources
    assert [entry["type"] for entry in found] == ["AWS::KMS::Key", "AWS::KMS::Key"]


def test_metrics_are_resources_without_an_arn():
    asked = {"Namespace": "Shop", "MetricData": [{"MetricName": "Orders", "Value": 1.0}]}
    assert answered("cloudwatch", "PutMetricData", asked, b"{}").resources == [{"type": "AWS::CloudWatch::Metric"}]
    assert answered("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a"]}, b"{}").resources is None


def test_a_grant_names_its_key():
    asked = {"KeyId": "k", "GranteePrincipal": "arn:aws:iam::111122223333:role/r", "Operations": ["Decrypt"]}
    found = answered("kms", "CreateGrant", asked, b'{"GrantId":"g","GrantToken":"SECRET1"}')
    assert found.response_elements == {"grantId": "g", "keyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"}
