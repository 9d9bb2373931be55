"""Read or write, management or data: by AWS's published lists, and as its records have it."""

import json

import pytest

from opentrail.record.access_levels import READS, WRITES
from opentrail.record.classification import _has_read_verb, category, read_only


@pytest.mark.parametrize(
    ("source", "name", "reads"),
    [
        ("ec2", "DescribeInstances", True),
        ("ec2", "RunInstances", False),
        ("iam", "GetUser", True),
        ("iam", "ListUsers", True),
        ("iam", "CreateUser", False),
        ("iam", "SimulatePrincipalPolicy", True),
        ("s3", "HeadObject", True),
        ("s3", "SelectObjectContent", True),
        ("s3", "PutObject", False),
        ("s3", "DeleteObjects", False),
        ("sts", "AssumeRole", True),
        ("sts", "AssumeRoleWithSAML", True),
        ("sts", "AssumeRoleWithWebIdentity", True),
        ("sts", "GetCallerIdentity", True),
        ("sts", "GetFederationToken", False),
        ("cognito-identity", "GetCredentialsForIdentity", False),
        ("s3express", "CreateSession", True),
        ("eks-auth", "AssumeRoleForPodIdentity", True),
        ("kms", "Decrypt", True),
        ("kms", "GenerateDataKey", True),
        ("kms", "CreateKey", False),
        ("dynamodb", "Query", True),
        ("dynamodb", "BatchGetItem", True),
        ("dynamodb", "BatchWriteItem", False),
        ("cloudtrail", "LookupEvents", True),
        ("lambda", "Invoke", False),
        ("lambda", "GetFunction20150331v2", True),
        ("bedrock", "InvokeModel", True),
        ("s3", "PreflightRequest", True),
        ("anything", "Getaway", False),
        ("anything", "Listen", False),
        ("anything", "", False),
    ],
)
def test_read_only_by_verb_with_exceptions(source: str, name: str, reads: bool) -> None:
    assert read_only(f"{source}.amazonaws.com", name) is reads


@pytest.mark.parametrize(
    ("source", "names", "kind"),
    [
        ("s3", "GetObject PutObject DeleteObjects UploadPart HeadBucket ListObjects CompleteMultipartUpload", "Data"),
        ("s3", "CreateBucket ListBuckets GetBucketAcl PutBucketPolicy ListMultipartUploads", "Management"),
        ("s3", "PostObject PreflightRequest", "Data"),
        ("ses", "SendEmail SendRawEmail SendBulkTemplatedEmail", "Data"),
        ("ses", "CreateEmailIdentity", "Management"),
        ("dynamodb", "PutItem Query Scan TransactWriteItems", "Data"),
        ("dynamodb", "CreateTable DescribeTable ListTables", "Management"),
        ("lambda", "Invoke", "Data"),
        ("lambda", "CreateFunction20150331 ListFunctions20150331", "Management"),
        ("sqs", "SendMessage ReceiveMessage DeleteMessageBatch", "Data"),
        ("sqs", "CreateQueue DeleteQueue PurgeQueue SetQueueAttributes", "Management"),
        ("sns", "Publish PublishBatch", "Data"),
        ("sns", "CreateTopic Subscribe", "Management"),
        ("kinesis", "PutRecord GetRecords", "Data"),
        ("kms", "Decrypt Encrypt", "Management"),
        ("secretsmanager", "GetSecretValue", "Management"),
        ("bedrock", "InvokeModel", "Management"),
        ("sts", "AssumeRole", "Management"),
    ],
)
def test_management_and_data_by_aws_lists(source: str, names: str, kind: str) -> None:
    assert {name: category(f"{source}.amazonaws.com", name) for name in names.split()} == dict.fromkeys(
        names.split(), kind
    )


def test_genuine_records_agree(sample_records: dict[str, list[bytes]]) -> None:
    compared = 0
    for file, raws in sample_records.items():
        if file == "panther-a":  # hand-edited: one ListWebACLs that writes, one GetObject of management
            continue
        for raw in raws:
            record = json.loads(raw)
            source, name = record.get("eventSource", ""), record.get("eventName", "")
            if record.get("eventType") == "AwsApiCall" and isinstance(record.get("readOnly"), bool):
                assert read_only(source, name) is record["readOnly"], (source, name)
                compared += 1
            if record.get("eventCategory") in ("Management", "Data"):
                assert category(source, name) == record["eventCategory"], (source, name)
    assert compared > 3500


@pytest.mark.parametrize(
    ("source", "names", "reads"),
    [
        ("ses", "VerifyEmailIdentity VerifyDomainIdentity VerifyDomainDkim", False),
        ("cognito-idp", "VerifyUserAttribute", False),
        ("cognito-idp", "AdminGetUser", True),
        ("verifiedpermissions", "IsAuthorized", True),
        ("kms", "Decrypt Verify", True),
        ("sts", "AssumeRole", True),
        ("translate", "TranslateText", True),
        ("storagegateway", "RetrieveTapeArchive", False),
    ],
)
def test_verbs_that_mislead(source: str, names: str, reads: bool) -> None:
    assert {read_only(f"{source}.amazonaws.com", name) for name in names.split()} == {reads}


def test_exceptions_are_exceptions() -> None:
    for table, reads in ((READS, True), (WRITES, False)):
        for source, names in table.items():
            for name in names:
                assert read_only(source, name) is reads
                assert _has_read_verb(name) is not reads, (source, name)
