"""An engine over a few events, as stores hold them."""

import json
from datetime import UTC, datetime

import pytest

from opentrail.clock import SettableClock
from opentrail.lake.engine import Engine
from opentrail.lake.log_files import load_log_files
from opentrail.objects.directory import DirectoryStore

STORE = "0b0b0b0b-0000-4000-8000-000000000001"


def event(number, name, source="s3.amazonaws.com", **fields):
    """A record, one minute after the one before."""
    identity = {
        "type": "AssumedRole",
        "principalId": f"AROA:{number}",
        "arn": f"arn:aws:sts::111122223333:assumed-role/ops/{number % 2}",
        "accountId": "111122223333",
        "sessionContext": {
            "attributes": {"creationDate": "2026-03-04T09:00:00Z", "mfaAuthenticated": "false"},
            "sessionIssuer": {"type": "Role", "userName": "ops", "arn": "arn:aws:iam::111122223333:role/ops"},
        },
    }
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": f"2026-03-04T10:{number:02}:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "requestParameters": None,
        "responseElements": None,
        "eventID": f"5c0ffee1-0000-4000-8000-{number:012}",
        "readOnly": name.startswith(("Get", "List")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        **fields,
    }


EVENTS = [
    event(0, "CreateBucket", requestParameters={"bucketName": "logs", "x-amz-acl": "private"}),
    event(1, "GetBucketAcl", requestParameters={"bucketName": "logs", "acl": ""}, errorCode="AccessDenied"),
    event(
        2, "RunInstances", "ec2.amazonaws.com",
        requestParameters={"instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1}]}, "ebsOptimized": False},
        resources=[
            {"ARN": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "accountId": "111122223333",
             "type": "AWS::EC2::Instance"},
            {"ARN": "arn:aws:ec2:eu-west-1::image/ami-1", "type": "AWS::EC2::Image"},
        ],
    ),
    event(3, "ListUsers", "iam.amazonaws.com"),
    event(4, "ConsoleLogin", "signin.amazonaws.com", additionalEventData={"MFAUsed": "No", "LoginTo": "https://x"}),
]  # fmt: skip


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    (folder / "one.json").write_text(json.dumps({"Records": EVENTS[:3]}))
    (folder / "two.json").write_text(json.dumps({"Records": EVENTS[3:]}))
    return folder


@pytest.fixture(scope="session")
def tables(log_folder, tmp_path_factory):
    return load_log_files(DirectoryStore(log_folder), tmp_path_factory.mktemp("parquet")).tables


@pytest.fixture(scope="session")
def engine(tables):
    clock = SettableClock(datetime(2026, 3, 4, 11, tzinfo=UTC))
    made = Engine({**tables, STORE: tables["events"]}, clock)
    yield made
    made.close()


@pytest.fixture
def ask(engine):
    """Names and rows of a query's answer."""

    def asked(text):
        answer = engine.prepare(text)
        rows = [
            row for batch in answer.texts() for row in zip(*(one.to_pylist() for one in batch.columns), strict=True)
        ]
        return list(answer.names), rows

    return asked
