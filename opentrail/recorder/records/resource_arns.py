"""How resources of data events are named: which members of a call name one, its type and its ARN.

Trails select data events by these types and ARNs. A member that holds an ARN is taken as it is; else the ARN is made of
the template: `{}` for the members in their order, `{region}` and `{account}` of the call. Source: the table of
resource types in the AWS CloudTrail User Guide, "Logging data events", and the ARN formats of the Service
Authorization Reference.
"""

from typing import Final, NamedTuple


class NamedBy(NamedTuple):
    """A resource and the members, by the model's names, that name it."""

    members: tuple[str, ...]
    type: str | None  # None: AWS writes none
    arn: str


def _of(members: str, type: str | None, arn: str) -> NamedBy:
    return NamedBy(tuple(members.split()), type, arn)


# botocore's service -> what its calls may name; the first whose members are all there counts.
DATA_RESOURCES: Final[dict[str, tuple[NamedBy, ...]]] = {
    "bedrock-agent-runtime": (
        _of("agentId agentAliasId", "AWS::Bedrock::AgentAlias", "bedrock:{region}:{account}:agent-alias/{}/{}"),
        _of("knowledgeBaseId", "AWS::Bedrock::KnowledgeBase", "bedrock:{region}:{account}:knowledge-base/{}"),
        _of("flowIdentifier flowAliasIdentifier", "AWS::Bedrock::FlowAlias",
            "bedrock:{region}:{account}:flow/{}/alias/{}"),
    ),
    "bedrock-runtime": (
        _of("guardrailIdentifier", "AWS::Bedrock::Guardrail", "bedrock:{region}:{account}:guardrail/{}"),
        _of("modelId", "AWS::Bedrock::Model", "bedrock:{region}::foundation-model/{}"),
    ),
    "cloudfront-keyvaluestore": (_of("KvsARN", "AWS::CloudFront::KeyValueStore", "{}"),),
    "cloudtrail-data": (_of("channelArn", "AWS::CloudTrail::Channel", "{}"),),
    "cognito-identity": (
        _of("IdentityPoolId", "AWS::Cognito::IdentityPool", "cognito-identity:{region}:{account}:identitypool/{}"),
    ),
    "dynamodbstreams": (_of("StreamArn", "AWS::DynamoDB::Stream", "{}"),),
    "firehose": (
        _of("DeliveryStreamName", "AWS::KinesisFirehose::DeliveryStream",
            "firehose:{region}:{account}:deliverystream/{}"),
    ),
    "iot-data": (_of("thingName", "AWS::IoT::Thing", "iot:{region}:{account}:thing/{}"),),
    "iotsitewise": (_of("assetId", "AWS::IoTSiteWise::Asset", "iotsitewise:{region}:{account}:asset/{}"),),
    "iottwinmaker": (_of("workspaceId", "AWS::IoTTwinMaker::Workspace",
                         "iottwinmaker:{region}:{account}:workspace/{}"),),
    "kinesis-video-archived-media": (
        _of("StreamARN", "AWS::KinesisVideo::Stream", "{}"),
        _of("StreamName", "AWS::KinesisVideo::Stream", "kinesisvideo:{region}:{account}:stream/{}"),
    ),
    "kinesis-video-media": (
        _of("StreamARN", "AWS::KinesisVideo::Stream", "{}"),
        _of("StreamName", "AWS::KinesisVideo::Stream", "kinesisvideo:{region}:{account}:stream/{}"),
    ),
    "medical-imaging": (
        _of("datastoreId", "AWS::MedicalImaging::Datastore", "medical-imaging:{region}:{account}:datastore/{}"),
    ),
    "neptune-graph": (_of("graphIdentifier", "AWS::NeptuneGraph::Graph", "neptune-graph:{region}:{account}:graph/{}"),),
    "payment-cryptography-data": (
        _of("KeyIdentifier", "AWS::PaymentCryptography::Key", "payment-cryptography:{region}:{account}:key/{}"),
    ),
    "qbusiness": (_of("applicationId", "AWS::QBusiness::Application", "qbusiness:{region}:{account}:application/{}"),),
    "rds-data": (_of("resourceArn", "AWS::RDS::DBCluster", "{}"),),
    "rum": (_of("Id", "AWS::RUM::AppMonitor", "rum:{region}:{account}:appmonitor/{}"),),
    "s3vectors": (
        _of("indexArn", "AWS::S3Vectors::Index", "{}"),
        _of("vectorBucketName indexName", "AWS::S3Vectors::Index", "s3vectors:{region}:{account}:bucket/{}/index/{}"),
    ),
    "sagemaker-featurestore-runtime": (
        _of("FeatureGroupName", "AWS::SageMaker::FeatureGroup", "sagemaker:{region}:{account}:feature-group/{}"),
    ),
    "sagemaker-runtime": (_of("EndpointName", "AWS::SageMaker::Endpoint", "sagemaker:{region}:{account}:endpoint/{}"),),
    "sesv2": (_of("FromEmailAddress", "AWS::SES::EmailIdentity", "ses:{region}:{account}:identity/{}"),),
    "ses": (_of("Source", "AWS::SES::EmailIdentity", "ses:{region}:{account}:identity/{}"),),
    "stepfunctions": (
        _of("stateMachineArn", "AWS::StepFunctions::StateMachine", "{}"),
        _of("activityArn", "AWS::StepFunctions::Activity", "{}"),
    ),
    "swf": (_of("domain", "AWS::SWF::Domain", "swf:{region}:{account}:/domain/{}"),),
    "timestream-write": (
        _of("DatabaseName TableName", "AWS::Timestream::Table", "timestream:{region}:{account}:database/{}/table/{}"),
    ),
    "verifiedpermissions": (
        _of("policyStoreId", "AWS::VerifiedPermissions::PolicyStore", "verifiedpermissions::{account}:policy-store/{}"),
    ),
}  # fmt: skip

# Of management events, too. Source: Amazon ECR User Guide, "Logging Amazon ECR actions with AWS CloudTrail".
RESOURCES: Final[dict[str, tuple[NamedBy, ...]]] = {
    "ecr": (_of("repositoryName", None, "ecr:{region}:{account}:repository/{}"),),
}
