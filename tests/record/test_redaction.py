"""No secret stays in a record, and what is no secret does."""

import json
from typing import Any

import pytest

from opentrail.record.redaction import HIDDEN, redact_parameters, redact_response

SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    ("source", "name", "given", "left"),
    [
        (
            "iam",
            "CreateLoginProfile",
            {"userName": "u", "password": SECRET, "passwordResetRequired": True},
            {"userName": "u", "passwordResetRequired": True},
        ),
        (
            "apigateway",
            "CreateApiKey",
            {"createApiKeyInput": {"name": "k", "value": SECRET}, "template": False},
            {"createApiKeyInput": {"name": "k", "value": HIDDEN}, "template": False},
        ),
        (
            "apigateway",
            "UpdateApiKey",
            {"updateApiKeyInput": {"patchOperations": [{"op": "replace", "path": "/value", "value": SECRET}]}},
            {"updateApiKeyInput": {"patchOperations": [{"op": "replace", "path": "/value", "value": HIDDEN}]}},
        ),
        (
            "rdsdata",
            "ExecuteStatement",
            {"resourceArn": "r", "sql": SECRET, "parameters": [{"name": "a", "value": {"stringValue": SECRET}}]},
            {"resourceArn": "r", "sql": "**********", "parameters": HIDDEN},
        ),
        (
            "ses",
            "SendEmail",
            {"source": "s", "destination": {"toAddresses": [SECRET]}, "message": {"subject": {"data": SECRET}}},
            {"source": "s", "destination": {"toAddresses": HIDDEN}, "message": {"subject": {"data": HIDDEN}}},
        ),
        (
            "memorydb",
            "CreateUser",
            {"authenticationMode": {"passwords": [SECRET]}},
            {"authenticationMode": {"passwords": HIDDEN}},
        ),
        (
            "apigateway",
            "CreateDomainName",
            {"createDomainNameInput": {"certificatePrivateKey": SECRET}},
            {"createDomainNameInput": {"certificatePrivateKey": HIDDEN}},
        ),
        ("lakeformation", "AssumeDecoratedRoleWithSAML", {"sAMLAssertion": SECRET}, {"sAMLAssertion": HIDDEN}),
        (
            "appflow",
            "CreateConnectorProfile",
            {"credentials": {"accessToken": SECRET, "refreshToken": SECRET}},
            {"credentials": {"accessToken": HIDDEN, "refreshToken": HIDDEN}},
        ),
        (
            "sns",
            "CreatePlatformApplication",
            {"attributes": {"PlatformCredential": SECRET, "Enabled": "true"}},
            {"attributes": {"PlatformCredential": HIDDEN, "Enabled": "true"}},
        ),
        ("sns", "ConfirmSubscription", {"topicArn": "t", "token": SECRET}, {"topicArn": "t", "token": HIDDEN}),
        ("iam", "ChangePassword", {"oldPassword": SECRET, "newPassword": SECRET}, {}),
        (
            "iam",
            "UploadServerCertificate",
            {"privateKey": SECRET, "serverCertificateName": "c"},
            {"serverCertificateName": "c"},
        ),
        (
            "secretsmanager",
            "CreateSecret",
            {"name": "n", "secretString": SECRET, "clientRequestToken": "t"},
            {"name": "n", "clientRequestToken": "t"},
        ),
        ("secretsmanager", "PutSecretValue", {"secretId": "n", "secretBinary": SECRET}, {"secretId": "n"}),
        (
            "ssm",
            "PutParameter",
            {"name": "/p", "value": SECRET, "tags": [{"key": "a", "value": "b"}]},
            {"name": "/p", "value": HIDDEN, "tags": [{"key": "a", "value": "b"}]},
        ),
        (
            "ssm",
            "SendCommand",
            {"documentName": "d", "parameters": {"commands": [SECRET]}},
            {"documentName": "d", "parameters": HIDDEN},
        ),
        (
            "sns",
            "Publish",
            {"topicArn": "t", "message": SECRET, "subject": SECRET, "messageAttributes": {"a": SECRET}},
            {"topicArn": "t", "message": HIDDEN, "subject": HIDDEN, "messageAttributes": HIDDEN},
        ),
        (
            "sns",
            "PublishBatch",
            {"publishBatchRequestEntries": [{"id": "1", "message": SECRET}]},
            {"publishBatchRequestEntries": [{"id": "1", "message": HIDDEN}]},
        ),
        ("sqs", "SendMessage", {"queueUrl": "q", "messageBody": SECRET}, {"queueUrl": "q", "messageBody": HIDDEN}),
        (
            "sqs",
            "SendMessageBatch",
            {"queueUrl": "q", "entries": [{"id": "1", "messageBody": SECRET}]},
            {"queueUrl": "q", "entries": [{"id": "1", "messageBody": HIDDEN}]},
        ),
        (
            "lambda",
            "CreateFunction20150331",
            {"functionName": "f", "environment": {"variables": {"A": SECRET}}, "code": {"zipFile": SECRET}},
            {"functionName": "f", "environment": {}, "code": {}},
        ),
        (
            "ec2",
            "RunInstances",
            {"userData": SECRET, "minCount": 1},
            {"userData": "<sensitiveDataRemoved>", "minCount": 1},
        ),
        (
            "ec2",
            "CreateLaunchTemplate",
            {"CreateLaunchTemplateRequest": {"LaunchTemplateData": {"UserData": SECRET}}},
            {"CreateLaunchTemplateRequest": {"LaunchTemplateData": {"UserData": "<sensitiveDataRemoved>"}}},
        ),
        (
            "rds",
            "CreateDBInstance",
            {"masterUsername": "admin", "masterUserPassword": SECRET},
            {"masterUsername": "admin", "masterUserPassword": HIDDEN},
        ),
        (
            "dynamodb",
            "PutItem",
            {"tableName": "t", "item": {"a": {"S": SECRET}}, "key": {"id": {"S": "1"}}},
            {"tableName": "t", "item": HIDDEN, "key": {"id": {"S": "1"}}},
        ),
        (
            "dynamodb",
            "PutItem",
            {"tableName": "t", "item": ["id", "a"]},
            {"tableName": "t", "item": ["id", "a"]},
        ),
        ("dynamodb", "ExecuteStatement", {"items": [{"a": {"s": SECRET}}]}, {"items": HIDDEN}),
        (
            "cognito-identity",
            "GetId",
            {"identityPoolId": "p", "logins": {"google": SECRET}},
            {"identityPoolId": "p", "logins": {"google": HIDDEN}},
        ),
        ("sts", "AssumeRoleWithWebIdentity", {"roleArn": "r", "webIdentityToken": SECRET}, {"roleArn": "r"}),
        ("sts", "GetSessionToken", {"serialNumber": "n", "tokenCode": SECRET}, {"serialNumber": "n"}),
        (
            "kms",
            "Encrypt",
            {"keyId": "k", "plaintext": SECRET, "encryptionContext": {"a": "b"}},
            {"keyId": "k", "encryptionContext": {"a": "b"}},
        ),
        (
            "s3",
            "PutObject",
            {"key": "k", "x-amz-server-side-encryption-customer-key": SECRET, "X-Amz-Security-Token": SECRET},
            {"key": "k", "x-amz-server-side-encryption-customer-key": HIDDEN, "X-Amz-Security-Token": HIDDEN},
        ),
        (
            "cloudformation",
            "CreateStack",
            {"stackName": "s", "templateBody": SECRET, "parameters": [{"parameterKey": "k", "parameterValue": SECRET}]},
            {"stackName": "s", "parameters": [{"parameterKey": "k"}]},
        ),
        (
            "brand-new",
            "Connect",
            {"adminPassword": SECRET, "nextToken": "t"},
            {"adminPassword": HIDDEN, "nextToken": "t"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parameters_without_secrets(source: str, name: str, given: Any, left: Any) -> None:
    before = json.dumps(given)
    cleaned = redact_parameters(f"{source}.amazonaws.com", name, given)
    assert cleaned == left
    assert SECRET not in json.dumps(cleaned)
    assert json.dumps(given) == before


@pytest.mark.parametrize(
    ("source", "name", "given", "left"),
    [
        (
            "sts",
            "AssumeRole",
            {
                "credentials": {
                    "accessKeyId": "ASIA",
                    "secretAccessKey": SECRET,
                    "sessionToken": SECRET,
                    "expiration": "x",
                }
            },
            {"credentials": {"accessKeyId": "ASIA", "sessionToken": HIDDEN, "expiration": "x"}},
        ),
        (
            "iam",
            "CreateAccessKey",
            {"accessKey": {"accessKeyId": "AKIA", "secretAccessKey": SECRET, "status": "Active"}},
            {"accessKey": {"accessKeyId": "AKIA", "status": "Active"}},
        ),
        (
            "ec2",
            "CreateKeyPair",
            {"keyName": "k", "keyMaterial": SECRET},
            {"keyName": "k", "keyMaterial": "<sensitiveDataRemoved>"},
        ),
        ("kms", "GenerateDataKey", {"keyId": "k", "plaintext": SECRET}, {"keyId": "k"}),
        ("secretsmanager", "GetSecretValue", {"name": "n", "secretString": SECRET}, {"name": "n"}),
        (
            "rds",
            "ModifyDBInstance",
            {"pendingModifiedValues": {"masterUserPassword": SECRET}},
            {"pendingModifiedValues": {"masterUserPassword": HIDDEN}},
        ),
        (
            "iam",
            "CreateVirtualMFADevice",
            {"virtualMFADevice": {"serialNumber": "n", "base32StringSeed": SECRET}},
            {"virtualMFADevice": {"serialNumber": "n"}},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answers_without_secrets(source: str, name: str, given: Any, left: Any) -> None:
    assert redact_response(f"{source}.amazonaws.com", name, given) == left


def test_paths_that_the_model_marks() -> None:
    paths = frozenset({("name",), ("users", "*", "attributes", "*", "value"), ("byName", "*", "token"), ("codes", "*")})
    given = {
        "name": SECRET,
        "other": {"name": "kept"},
        "users": [{"attributes": [{"name": "kept", "value": SECRET}]}],
        "byName": {"anyone": {"token": SECRET, "id": "kept"}},
        "codes": [SECRET, SECRET],
        "Name": None,
    }
    assert redact_parameters("new.amazonaws.com", "Put", given, paths) == {
        "name": HIDDEN,
        "other": {"name": "kept"},
        "users": [{"attributes": [{"name": "kept", "value": HIDDEN}]}],
        "byName": {"anyone": {"token": HIDDEN, "id": "kept"}},
        "codes": [HIDDEN, HIDDEN],
        "Name": None,
    }


def test_values_of_a_marked_map() -> None:
    paths = frozenset({("environment", "*")})
    assert redact_parameters("new.amazonaws.com", "Put", {"environment": {"A": SECRET, "B": 5}}, paths) == {
        "environment": {"A": HIDDEN, "B": HIDDEN}
    }


def test_key_ids_of_s3_are_shown_although_the_model_marks_them() -> None:
    given = {"x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:r:1:key/k"}
    paths = frozenset({("x-amz-server-side-encryption-aws-kms-key-id",)})
    assert redact_parameters("s3.amazonaws.com", "PutObject", given, paths) == given


@pytest.mark.parametrize("value", [None, "text", 5, [], {}])
def test_parameters_that_are_no_object_pass(value: Any) -> None:
    assert redact_parameters("iam.amazonaws.com", "X", value) == value


def test_nesting_without_end_is_cut() -> None:
    nested: Any = SECRET
    for _ in range(5000):
        nested = {"a": [nested]}
    assert SECRET not in json.dumps(redact_parameters("iam.amazonaws.com", "X", nested))


def test_genuine_parameters_are_what_redaction_would_leave(sample_records: dict[str, list[bytes]]) -> None:
    """AWS has redacted these already: nothing more goes, but for what we hide beyond AWS."""
    changed = set()
    for raw in sample_records["invictus"]:
        record = json.loads(raw)
        call = (record["eventSource"], record["eventName"])
        if redact_parameters(*call, record["requestParameters"]) != record["requestParameters"]:
            changed.add(call)
        if redact_response(*call, record["responseElements"]) != record["responseElements"]:
            changed.add(call)
    assert changed == {("sts.amazonaws.com", "AssumeRole")}


def test_values_of_build_variables_are_hidden_and_their_names_are_not():
    given = {"environment": {"environmentVariables": [{"name": "TOKEN", "value": "s3cret", "type": "PLAINTEXT"}]}}
    cleaned = redact_parameters("codebuild.amazonaws.com", "CreateProject", given)
    assert cleaned["environment"]["environmentVariables"][0] == {"name": "TOKEN", "value": HIDDEN, "type": "PLAINTEXT"}
    answer = {"project": {**given, "tags": [{"key": "k", "value": "v"}]}}
    cleaned = redact_response("codebuild.amazonaws.com", "CreateProject", answer)
    assert "s3cret" not in str(cleaned) and cleaned["project"]["tags"] == [{"key": "k", "value": "v"}]
    override = {"environmentVariablesOverride": [{"name": "TOKEN", "value": "s3cret"}]}
    assert "s3cret" not in str(redact_parameters("codebuild.amazonaws.com", "StartBuild", override))
