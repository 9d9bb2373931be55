"""A week of events of every category in which each sample query finds something."""

import json
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)  # a Sunday
ACCOUNT = "111122223333"
S3, EC2, IAM, KMS = "s3.amazonaws.com", "ec2.amazonaws.com", "iam.amazonaws.com", "kms.amazonaws.com"
ALICE = {
    "type": "IAMUser", "principalId": "AIDAALICE", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "accountId": ACCOUNT,
    "accessKeyId": "AKIAALICE", "userName": "alice",
}  # fmt: skip
DEPLOYER = {
    "type": "AssumedRole", "principalId": "AROA:ci", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ci",
    "accountId": ACCOUNT, "accessKeyId": "ASIACI",
    "sessionContext": {
        "attributes": {"creationDate": "2026-03-04T07:00:00Z", "mfaAuthenticated": "false"},
        "sessionIssuer": {"type": "Role", "userName": "Deployer", "arn": f"arn:aws:iam::{ACCOUNT}:role/Deployer"},
    },
}  # fmt: skip
ROOT = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
SERVICE = {"type": "AWSService", "invokedBy": "config.amazonaws.com"}
STRANGER = {"type": "AWSAccount", "principalId": "AROA:x", "accountId": "999988887777"}
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1"
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def _calls():
    """Source, name, identity and further members of every event, from old to new."""
    console = {"eventType": "AwsConsoleSignIn", "userAgent": "Mozilla/5.0"}
    failure = {"responseElements": {"ConsoleLogin": "Failure"}, "sourceIPAddress": "198.51.100.9", **console}
    denied = {"errorCode": "AccessDenied", "errorMessage": f"not allowed to use {KEY} here"}
    bucket = {"requestParameters": {"bucketName": "logs", "x-amz-acl": "public-read"}}
    yield "signin.amazonaws.com", "ConsoleLogin", ALICE, {"additionalEventData": {"MFAUsed": "No"}, **console}
    yield "signin.amazonaws.com", "ConsoleLogin", ALICE, failure
    yield "signin.amazonaws.com", "ConsoleLogin", ALICE, failure
    yield EC2, "DescribeRegions", ROOT, {}
    yield S3, "CreateBucket", DEPLOYER, bucket
    yield S3, "PutBucketAcl", DEPLOYER, bucket
    yield S3, "PutObject", DEPLOYER, {
        "requestParameters": {"bucketName": "logs", "key": "2026/03/a.gz"},
        "additionalEventData": {"bytesTransferredIn": 1000, "bytesTransferredOut": 0},
        "tlsDetails": {"tlsVersion": "TLSv1.1", "cipherSuite": "ECDHE-RSA-AES128-SHA"},
    }  # fmt: skip
    yield S3, "GetObject", ALICE, {
        "requestParameters": {"bucketName": "logs", "key": "2026/03/a.gz"}, "eventCategory": "Data",
        "additionalEventData": {"bytesTransferredOut": 1000.0}, "sourceIPAddress": "203.0.113.5",
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs/2026/03/a.gz"},
                      {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::logs", "accountId": ACCOUNT}],
    }  # fmt: skip
    yield S3, "GetObject", ALICE, {"requestParameters": {"bucketName": "logs", "key": "x"}, **denied}
    yield S3, "DeleteObject", ALICE, {"requestParameters": {"bucketName": "logs", "key": "2026/03/a.gz"}}
    yield S3, "DeleteBucket", DEPLOYER, {"requestParameters": {"bucketName": "logs"}}
    yield EC2, "RunInstances", DEPLOYER, {
        "requestParameters": {"instancesSet": {"items": [{"imageId": "ami-1", "minCount": 2}]}},
        "sessionCredentialFromConsole": "true", "userAgent": "aws-cli/2 md/kali",
    }  # fmt: skip
    yield EC2, "CreateTags", DEPLOYER, {"requestParameters": {"tagSet": {"items": [{"key": "team", "value": "a"}]}}}
    yield EC2, "AuthorizeSecurityGroupIngress", ALICE, {
        "requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [
            {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}},
    }  # fmt: skip
    yield EC2, "DescribeInstances", ALICE, {"errorCode": "Client.DryRunOperation"}
    yield EC2, "DescribeInstances", ALICE, {"errorCode": "RequestLimitExceeded", "errorMessage": "slower"}
    yield IAM, "CreateUser", ALICE, {"requestParameters": {"userName": "bob"}}
    yield IAM, "CreateAccessKey", ALICE, {
        "requestParameters": {"userName": "bob"}, "responseElements": {"accessKey": {"accessKeyId": "AKIABOB"}},
    }  # fmt: skip
    yield IAM, "AttachUserPolicy", ALICE, {
        "requestParameters": {"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    }  # fmt: skip
    yield IAM, "PutRolePolicy", ALICE, {"requestParameters": {"roleName": "r", "policyDocument": POLICY}}
    yield IAM, "AddUsersToGroups", ALICE, {"requestParameters": {"names": ["dev", "admin"]}}
    yield "sts.amazonaws.com", "AssumeRole", STRANGER, {
        "requestParameters": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/Deployer", "roleSessionName": "x"},
    }  # fmt: skip
    yield KMS, "Decrypt", DEPLOYER, {"resources": [{"type": "AWS::KMS::Key", "ARN": KEY, "accountId": ACCOUNT}]}
    yield "secretsmanager.amazonaws.com", "GetSecretValue", ALICE, {"requestParameters": {"secretId": "db"}}
    yield "lambda.amazonaws.com", "Invoke20150331", DEPLOYER, {"requestParameters": {"functionName": "f"}}
    yield "cloudtrail.amazonaws.com", "StopLogging", ALICE, {"requestParameters": {"name": "main"}}
    yield "config.amazonaws.com", "PutEvaluations", SERVICE, {
        "requestParameters": {"evaluations": [{"complianceType": "NON_COMPLIANT"}]},
        "additionalEventData": {"configRuleName": "tagged"},
    }  # fmt: skip
    yield S3, "ListBuckets", ALICE, {
        "eventCategory": "NetworkActivity", "vpcEndpointId": "vpce-1", "errorCode": "VpceAccessDenied",
    }  # fmt: skip


def cloudtrail_events():
    """Records of CloudTrail, three hours apart, the last one just before NOW."""
    calls = list(_calls())
    for number, (source, name, identity, members) in enumerate(calls):
        when = NOW - timedelta(hours=3 * (len(calls) - number) - 4, minutes=number)
        yield {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": source,
            "eventName": name,
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "aws-cli/2.30",
            "eventID": f"5c0ffee1-0000-4000-8000-{number:012}",
            "readOnly": name.startswith(("Get", "List", "Describe", "Decrypt")),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            **members,
        }
    yield {  # in the hour of another event of the same key, from another address
        **next(_like(calls, "GetObject")), "eventID": "5c0ffee1-0000-4000-8000-000000000999",
        "sourceIPAddress": "198.51.100.77",
    }  # fmt: skip


def _like(calls, name):
    number = next(number for number, call in enumerate(calls) if call[1] == name)
    when = NOW - timedelta(hours=3 * (len(calls) - number) - 4, minutes=number)
    source, own, identity, members = calls[number]
    yield {
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": source, "eventName": own,
        "userIdentity": identity, "readOnly": True, "recipientAccountId": ACCOUNT, "eventCategory": "Data", **members,
    }  # fmt: skip


def _head(number):
    when = (NOW - timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"eventVersion": "1.0", "eventID": f"e-{number}", "eventTime": when, "awsRegion": "eu-west-1"}


def insight_events():
    """One insight that is open."""
    values = [{"value": "cli", "average": 3.0}]
    statistics = {"baseline": {"average": 0.5}, "insight": {"average": 3}, "insightDuration": 5, "baselineDuration": 9}
    yield {
        **_head(1),
        "sharedEventID": "s-1",
        "insightDetails": {
            "state": "Start",
            "eventSource": "ssm.amazonaws.com",
            "eventName": "SendCommand",
            "insightType": "ApiCallRateInsight",
            "insightContext": {
                "statistics": statistics,
                "attributions": [{"attribute": "userAgent", "insight": values, "baseline": values}],
            },
        },
    }


def configuration_items():
    """Two items of a bucket."""
    for number in (1, 2):
        data = {
            "resourceType": "AWS::S3::Bucket",
            "resourceId": "logs",
            "resourceName": "logs",
            "configurationItemStatus": "OK",
            "configuration": {"encryption": {"type": "aws:kms"}},
            "relationships": [{"name": "Is in", "resourceId": "vpc-1"}],
            "tags": {"team": "a"},
        }
        yield {**_head(number), "eventData": data}


def evidence():
    """One piece."""
    data = {"controlName": "1.1", "complianceCheck": "FAILED", "frameworkName": "f", "time": "2026-03-08T10:00:00Z"}
    yield {**_head(1), "eventData": data}


def activity_events():
    """Two events of an application's user."""
    for number in (1, 2):
        data = {
            "userIdentity": {"type": "app-user", "principalId": "u-7", "details": {"team": "a"}},
            "eventSource": "billing.example.com",
            "eventName": f"Refund{number}",
            "eventTime": "2026-03-08T10:00:00Z",
        }
        metadata = {"ingestionTime": "2026-03-08T10:00:02Z", "channelARN": "arn:c"}
        yield {**_head(number), "metadata": metadata, "eventData": data}


CATEGORIES = {
    "Management": cloudtrail_events,
    "Insight": insight_events,
    "ConfigurationItem": configuration_items,
    "Evidence": evidence,
    "ActivityAuditLog": activity_events,
}
