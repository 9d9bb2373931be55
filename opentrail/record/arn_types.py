"""The resource type that an ARN tells of."""

from opentrail.arn import parse_arn

# Service and kind: the part of the resource before the first `/` or `:`, empty for a resource without one.
_TYPES: dict[tuple[str, str], str] = {
    ("acm", "certificate"): "AWS::CertificateManager::Certificate",
    ("apigateway", ""): "AWS::ApiGateway::RestApi",
    ("autoscaling", "autoScalingGroup"): "AWS::AutoScaling::AutoScalingGroup",
    ("autoscaling", "launchConfiguration"): "AWS::AutoScaling::LaunchConfiguration",
    ("autoscaling", "scalingPolicy"): "AWS::AutoScaling::ScalingPolicy",
    ("backup", "backup-vault"): "AWS::Backup::BackupVault",
    ("batch", "job-queue"): "AWS::Batch::JobQueue",
    ("cloudformation", "changeSet"): "AWS::CloudFormation::ChangeSet",
    ("cloudformation", "stack"): "AWS::CloudFormation::Stack",
    ("cloudformation", "stackset"): "AWS::CloudFormation::StackSet",
    ("cloudfront", "distribution"): "AWS::CloudFront::Distribution",
    ("cloudtrail", "channel"): "AWS::CloudTrail::Channel",
    ("cloudtrail", "dashboard"): "AWS::CloudTrail::Dashboard",
    ("cloudtrail", "eventdatastore"): "AWS::CloudTrail::EventDataStore",
    ("cloudtrail", "trail"): "AWS::CloudTrail::Trail",
    ("cloudwatch", "alarm"): "AWS::CloudWatch::Alarm",
    ("cloudwatch", "dashboard"): "AWS::CloudWatch::Dashboard",
    ("codebuild", "project"): "AWS::CodeBuild::Project",
    ("codecommit", ""): "AWS::CodeCommit::Repository",
    ("cognito-identity", "identitypool"): "AWS::Cognito::IdentityPool",
    ("cognito-idp", "userpool"): "AWS::Cognito::UserPool",
    ("config", "config-rule"): "AWS::Config::ConfigRule",
    ("dynamodb", "table"): "AWS::DynamoDB::Table",
    ("ec2", "image"): "AWS::EC2::Ami",
    ("ec2", "instance"): "AWS::EC2::Instance",
    ("ec2", "internet-gateway"): "AWS::EC2::InternetGateway",
    ("ec2", "key-pair"): "AWS::EC2::KeyPair",
    ("ec2", "launch-template"): "AWS::EC2::LaunchTemplate",
    ("ec2", "natgateway"): "AWS::EC2::NatGateway",
    ("ec2", "network-acl"): "AWS::EC2::NetworkAcl",
    ("ec2", "network-interface"): "AWS::EC2::NetworkInterface",
    ("ec2", "route-table"): "AWS::EC2::RouteTable",
    ("ec2", "security-group"): "AWS::EC2::SecurityGroup",
    ("ec2", "snapshot"): "AWS::EC2::Snapshot",
    ("ec2", "subnet"): "AWS::EC2::Subnet",
    ("ec2", "transit-gateway"): "AWS::EC2::TransitGateway",
    ("ec2", "volume"): "AWS::EC2::Volume",
    ("ec2", "vpc"): "AWS::EC2::VPC",
    ("ec2", "vpc-endpoint"): "AWS::EC2::VPCEndpoint",
    ("ecr", "repository"): "AWS::ECR::Repository",
    ("ecs", "cluster"): "AWS::ECS::Cluster",
    ("ecs", "service"): "AWS::ECS::Service",
    ("ecs", "task"): "AWS::ECS::Task",
    ("ecs", "task-definition"): "AWS::ECS::TaskDefinition",
    ("eks", "cluster"): "AWS::EKS::Cluster",
    ("eks", "nodegroup"): "AWS::EKS::Nodegroup",
    ("elasticfilesystem", "file-system"): "AWS::EFS::FileSystem",
    ("elasticloadbalancing", "listener"): "AWS::ElasticLoadBalancingV2::Listener",
    ("elasticloadbalancing", "loadbalancer"): "AWS::ElasticLoadBalancingV2::LoadBalancer",
    ("elasticloadbalancing", "targetgroup"): "AWS::ElasticLoadBalancingV2::TargetGroup",
    ("es", "domain"): "AWS::Elasticsearch::Domain",
    ("events", "event-bus"): "AWS::Events::EventBus",
    ("events", "rule"): "AWS::Events::Rule",
    ("firehose", "deliverystream"): "AWS::KinesisFirehose::DeliveryStream",
    ("glue", "database"): "AWS::Glue::Database",
    ("glue", "job"): "AWS::Glue::Job",
    ("glue", "table"): "AWS::Glue::Table",
    ("guardduty", "detector"): "AWS::GuardDuty::Detector",
    ("iam", "group"): "AWS::IAM::Group",
    ("iam", "instance-profile"): "AWS::IAM::InstanceProfile",
    ("iam", "mfa"): "AWS::IAM::MFADevice",
    ("iam", "oidc-provider"): "AWS::IAM::OIDCProvider",
    ("iam", "policy"): "AWS::IAM::Policy",
    ("iam", "role"): "AWS::IAM::Role",
    ("iam", "saml-provider"): "AWS::IAM::SAMLProvider",
    ("iam", "server-certificate"): "AWS::IAM::ServerCertificate",
    ("iam", "user"): "AWS::IAM::User",
    ("kafka", "cluster"): "AWS::MSK::Cluster",
    ("kinesis", "stream"): "AWS::Kinesis::Stream",
    ("kms", "alias"): "AWS::KMS::Alias",
    ("kms", "key"): "AWS::KMS::Key",
    ("lambda", "event-source-mapping"): "AWS::Lambda::EventSourceMapping",
    ("lambda", "function"): "AWS::Lambda::Function",
    ("lambda", "layer"): "AWS::Lambda::LayerVersion",
    ("logs", "destination"): "AWS::Logs::Destination",
    ("logs", "log-group"): "AWS::Logs::LogGroup",
    ("rds", "cluster"): "AWS::RDS::DBCluster",
    ("rds", "cluster-snapshot"): "AWS::RDS::DBClusterSnapshot",
    ("rds", "db"): "AWS::RDS::DBInstance",
    ("rds", "es"): "AWS::RDS::EventSubscription",
    ("rds", "og"): "AWS::RDS::OptionGroup",
    ("rds", "pg"): "AWS::RDS::DBParameterGroup",
    ("rds", "secgrp"): "AWS::RDS::DBSecurityGroup",
    ("rds", "snapshot"): "AWS::RDS::DBSnapshot",
    ("rds", "subgrp"): "AWS::RDS::DBSubnetGroup",
    ("redshift", "cluster"): "AWS::Redshift::Cluster",
    ("route53", "healthcheck"): "AWS::Route53::HealthCheck",
    ("route53", "hostedzone"): "AWS::Route53::HostedZone",
    ("s3", "accesspoint"): "AWS::S3::AccessPoint",
    ("sagemaker", "endpoint"): "AWS::SageMaker::Endpoint",
    ("sagemaker", "notebook-instance"): "AWS::SageMaker::NotebookInstance",
    ("secretsmanager", "secret"): "AWS::SecretsManager::Secret",
    ("sqs", ""): "AWS::SQS::Queue",
    ("ssm", "document"): "AWS::SSM::Document",
    ("ssm", "parameter"): "AWS::SSM::Parameter",
    ("states", "stateMachine"): "AWS::StepFunctions::StateMachine",
    ("sts", "assumed-role"): "AWS::STS::AssumedRole",
    ("sts", "federated-user"): "AWS::STS::FederatedUser",
    ("wafv2", "regional"): "AWS::WAFv2::WebACL",
}


def type_of_arn(text: str) -> str | None:
    """The resource type of an ARN; None where the table has none, or `text` is no ARN."""
    arn = parse_arn(text)
    if arn is None:
        return None
    resource = arn.resource
    if arn.service == "s3" and not arn.account:
        return "AWS::S3::Object" if "/" in resource else "AWS::S3::Bucket"
    if arn.service == "sns":
        return "AWS::SNS::Subscription" if ":" in resource else "AWS::SNS::Topic"
    if arn.service == "dynamodb":
        return _dynamodb(resource)
    slash, colon = resource.find("/"), resource.find(":")
    ends = [end for end in (slash, colon) if end >= 0]
    kind = resource[: min(ends)] if ends else ""
    return _TYPES.get((arn.service, kind))


def _dynamodb(resource: str) -> str | None:
    parts = resource.split("/")
    if parts[0] != "table":
        return None
    inner = parts[2] if len(parts) > 2 else ""
    return {"stream": "AWS::DynamoDB::Stream", "backup": "AWS::DynamoDB::Backup"}.get(inner, "AWS::DynamoDB::Table")
