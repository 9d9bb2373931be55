"""Types of the resources that data events are about: which are known, and which one a record leaves unsaid."""

from typing import Final

_SERVICES: Final = """
    AppConfig AppSync Bedrock Cassandra CloudFront CloudTrail CloudWatch CodeWhisperer Cognito DataExchange Deadline
    DSQL DynamoDB EC2 ECS EKS EMRWAL FinSpace Forecast GameLift GeoMaps GeoPlaces GeoRoutes Glue GreengrassV2 GuardDuty
    IoT IoTSiteWise IoTTwinMaker Kendra KendraRanking Kinesis KinesisFirehose KinesisVideo Lambda Location Logs
    MachineLearning ManagedBlockchain MedicalImaging MWAA NeptuneGraph One Partnercentral PaymentCryptography Pinpoint
    QApps QBusiness QDeveloper RDS ResourceExplorer2 RUM S3 S3Express S3ObjectLambda S3Outposts S3Tables S3Vectors
    SageMaker SCN SDB ServiceDiscovery SES Signer SMSVoice SNS SocialMessaging SQS SSM SSMMessages StepFunctions SWF
    ThinClient Timestream VerifiedPermissions WorkSpaces XRay
    """
_FAMILIES: Final = frozenset(f"AWS::{service}" for service in _SERVICES.split())

# What a data event is about when its record names no resource: the one type that its service's data events have.
IMPLIED_TYPES: Final = {
    "appconfig.amazonaws.com": "AWS::AppConfig::Configuration",
    "cloudtrail-data.amazonaws.com": "AWS::CloudTrail::Channel",
    "cognito-identity.amazonaws.com": "AWS::Cognito::IdentityPool",
    "dynamodb.amazonaws.com": "AWS::DynamoDB::Table",
    "ebs.amazonaws.com": "AWS::EC2::Snapshot",
    "firehose.amazonaws.com": "AWS::KinesisFirehose::DeliveryStream",
    "kinesis.amazonaws.com": "AWS::Kinesis::Stream",
    "lambda.amazonaws.com": "AWS::Lambda::Function",
    "monitoring.amazonaws.com": "AWS::CloudWatch::Metric",
    "rdsdata.amazonaws.com": "AWS::RDS::DBCluster",
    "s3.amazonaws.com": "AWS::S3::Object",
    "s3express.amazonaws.com": "AWS::S3Express::Object",
    "s3-outposts.amazonaws.com": "AWS::S3Outposts::Object",
    "sagemaker.amazonaws.com": "AWS::SageMaker::Endpoint",
    "servicediscovery.amazonaws.com": "AWS::ServiceDiscovery::Namespace",
    "sns.amazonaws.com": "AWS::SNS::Topic",
    "sqs.amazonaws.com": "AWS::SQS::Queue",
    "xray.amazonaws.com": "AWS::XRay::Trace",
}


def is_known_type(resource_type: str) -> bool:
    """Whether the type belongs to a service that is known to have data events; the list grows without notice."""
    return resource_type.rpartition("::")[0] in _FAMILIES
