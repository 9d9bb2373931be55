"""Some hundred operations of every protocol, and every one that was ever found odd: recorded as they were meant."""

from collections.abc import Iterator

import pytest

from opentrail.wire.service_models import service_model
from tests.recorder.every_operation.rig import Everything

# Why an operation is here: what it has that others have not.
ODD = {
    "apigateway": "GetExport CreateRestApi PutIntegration",  # an Accept header that is a member; its own wrapper
    "bedrock-agent-runtime": "InvokeInlineAgent",  # differs from bedrock-agent's PrepareAgent by a slash
    "bedrock-agentcore": "InvokeAgentRuntimeCommand",  # a Content-Type that is a member
    "bedrock-runtime": "InvokeModel InvokeModelWithBidirectionalStream ConverseStream",  # streams of signed events
    "account-access-runtime": "ListRoles",  # bearer tokens
    "chime-sdk-voice": "CreatePhoneNumberOrder TagResource GetPhoneNumber",  # as chime has them
    "cloudfront-keyvaluestore": "PutKey ListKeys",  # Signature Version 4A
    "cloudsearchdomain": "Search Suggest",  # a search by POST
    "cloudwatch": "PutMetricData ListMetrics",  # three protocols
    "codeartifact": "PublishPackageVersion",  # a member is the payload's hash
    "cognito-idp": "InitiateAuth SignUp",  # unsigned
    "docdb": "CopyDBClusterSnapshot CreateDBCluster DescribeDBClusters",  # as rds has them; presigned URLs
    "dynamodb": "PutItem TransactWriteItems BatchWriteItem Scan ExecuteStatement",  # unions, lists of bytes
    "ec2": "RunInstances CreateNetworkInterface DescribeInstances CopySnapshot AuthorizeSecurityGroupIngress",
    "emr-containers": "CreateJobTemplate",  # sensitive members in a shape that contains itself
    "glacier": "UploadMultipartPart UploadArchive",
    "groundstation": "ListGroundStationReservations",  # a time in the query, in seconds
    "iam": "CreateRole TagUser ListUsers",
    "importexport": "CreateJob",  # a signing name that no model has
    "iotfleetwise": "ImportDecoderManifest",  # lists of bytes
    "iotsitewise": "BatchPutAssetPropertyValue CreateAsset",  # host prefixes
    "kinesis": "PutRecords SubscribeToShard",  # CBOR, event streams
    "lambda": "CreateFunction Invoke TagResource",
    "lambda-microvms": "TagResource",
    "lex-models": "StartImport GetImport DeleteBot TagResource",  # one slash, or one member, from lexv2-models
    "lexv2-runtime": "StartConversation",
    "lexv2-models": "ListImports DescribeImport DeleteBot TagResource",
    "logs": "StartLiveTail PutLogEvents",
    "rds": "CreateDBInstance StartDBInstanceAutomatedBackupsReplication",
    "route53": "ChangeResourceRecordSets ListResourceRecordSets CreateHostedZone",
    "s3": """ListBuckets ListDirectoryBuckets PutObject CopyObject PutBucketPolicy PutBucketNotification CreateSession
        WriteGetObjectResponse DeleteObjects PutBucketLifecycleConfiguration SelectObjectContent ListObjectsV2""",
    "s3control": "PutBucketPolicy GetAccessPointScope CreateJob ListAccessPoints",  # account ids in the host
    "s3outposts": "CreateEndpoint ListEndpoints",  # signed for S3, and not as S3
    "sdb": "PutAttributes Select",  # Signature Version 2 in the form
    "sesv2": "SendEmail SendBulkEmail",
    "signer-data": "GetRevocationStatus",
    "sms-voice": "SendVoiceMessage",
    "sqs": "SendMessage SendMessageBatch ReceiveMessage",
    "sso-oidc": "CreateToken RegisterClient",
    "stepfunctions": "StartSyncExecution StartExecution",
    "sts": "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity DecodeAuthorizationMessage",
    "timestream-write": "WriteRecords DescribeEndpoints",
    "wisdom": "CreateAssistant",
    "workspaces-web": "CreateTrustStore",
}
# Whole services, one for each protocol.
WHOLE = ("sqs", "iam", "route53", "secretsmanager", "appconfig", "eks")
SEEDS = ("1", "2", "3")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    made = Everything(tmp_path_factory.mktemp("everything"))
    yield made
    made.close()


@pytest.mark.parametrize("service", ODD)
def test_odd_operations_are_recorded_as_they_were_meant(service: str, everything: Everything) -> None:
    for seed in SEEDS:
        sent, failures = everything.judge(service, ODD[service].split(), seed)
        assert sent
        assert not failures, "\n".join(map(str, failures))


@pytest.mark.parametrize("service", WHOLE)
def test_whole_services_are_recorded_as_they_were_meant(service: str, everything: Everything) -> None:
    names = list(service_model(service).operation_names)
    sent, failures = everything.judge(service, names, "whole")
    assert sent >= len(names)
    assert not failures, "\n".join(map(str, failures))


def test_buckets_in_the_host_are_recorded_as_those_in_the_path(everything: Everything) -> None:
    names = [*ODD["s3"].split(), "GetObject", "HeadBucket", "CreateBucket", "UploadPart", "PutBucketTagging"]
    for seed in SEEDS:
        sent, failures = everything.judge("s3", names, f"virtual {seed}", virtual=True)
        assert sent
        assert not failures, "\n".join(map(str, failures))
