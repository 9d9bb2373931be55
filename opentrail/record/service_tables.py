"""The resource tables of the common services, by event source without `.amazonaws.com`."""

from opentrail.record.resource_types import BY_PREFIX, UNTYPED, ServiceTypes, service_types

_EC2 = service_types(
    {
        "capacityReservation": "AWS::EC2::CapacityReservation",
        "customerGateway": "AWS::EC2::CustomerGateway",
        "dhcpOptions": "AWS::EC2::DHCPOptions",
        "egressOnlyInternetGateway": "AWS::EC2::EgressOnlyInternetGateway",
        "fleet": "AWS::EC2::EC2Fleet",
        "flowLog": "AWS::EC2::FlowLog",
        "iamInstanceProfile": "AWS::IAM::InstanceProfile",
        "image": "AWS::EC2::Ami",
        "instance": "AWS::EC2::Instance",
        "internetGateway": "AWS::EC2::InternetGateway",
        "keyPair": "AWS::EC2::KeyPair",
        "launchTemplate": "AWS::EC2::LaunchTemplate",
        "natGateway": "AWS::EC2::NatGateway",
        "networkAcl": "AWS::EC2::NetworkAcl",
        "networkInterface": "AWS::EC2::NetworkInterface",
        "prefixList": "AWS::EC2::PrefixList",
        "routeTable": "AWS::EC2::RouteTable",
        "securityGroup": "AWS::EC2::SecurityGroup",
        "snapshot": "AWS::EC2::Snapshot",
        "spotInstanceRequest": "AWS::EC2::SpotInstanceRequest",
        "subnet": "AWS::EC2::Subnet",
        "transitGateway": "AWS::EC2::TransitGateway",
        "transitGatewayAttachment": "AWS::EC2::TransitGatewayAttachment",
        "transitGatewayRouteTable": "AWS::EC2::TransitGatewayRouteTable",
        "volume": "AWS::EC2::Volume",
        "vpc": "AWS::EC2::VPC",
        "vpcEndpoint": "AWS::EC2::VPCEndpoint",
        "vpcPeeringConnection": "AWS::EC2::VPCPeeringConnection",
        "vpnConnection": "AWS::EC2::VPNConnection",
        "vpnGateway": "AWS::EC2::VPNGateway",
    },
    {
        "allocationId": "AWS::EC2::EIP",
        "associationId": BY_PREFIX,
        "newAssociationId": BY_PREFIX,
        "gatewayId": UNTYPED,
        "groupId": "AWS::EC2::SecurityGroup",
        "groupName": "AWS::EC2::SecurityGroup",
        "addSecurityGroupId": "AWS::EC2::SecurityGroup",
        "removeSecurityGroupId": "AWS::EC2::SecurityGroup",
        "addSubnetId": "AWS::EC2::Subnet",
        "removeSubnetId": "AWS::EC2::Subnet",
        "keyName": "AWS::EC2::KeyPair",
        "peerVpcId": "AWS::EC2::VPC",
        "resourceId": BY_PREFIX,
        "sourceSnapshotId": "AWS::EC2::Snapshot",
        "sourceImageId": "AWS::EC2::Ami",
    },
)

_IAM = service_types(
    {
        "accessKey": "AWS::IAM::AccessKey",
        "group": "AWS::IAM::Group",
        "instanceProfile": "AWS::IAM::InstanceProfile",
        "loginProfile": "AWS::IAM::User",
        "openIDConnectProvider": "AWS::IAM::OIDCProvider",
        "policy": "AWS::IAM::Policy",
        "role": "AWS::IAM::Role",
        "sAMLProvider": "AWS::IAM::SAMLProvider",
        "serverCertificate": "AWS::IAM::ServerCertificate",
        "user": "AWS::IAM::User",
        "virtualMFADevice": "AWS::IAM::MFADevice",
    },
    {
        "newGroupName": "AWS::IAM::Group",
        "newUserName": "AWS::IAM::User",
        "permissionsBoundary": "AWS::IAM::Policy",
        "serialNumber": "AWS::IAM::MFADevice",
    },
)

_STS = service_types(
    {
        "assumedRole": "AWS::STS::AssumedRole",
        "federatedUser": "AWS::STS::FederatedUser",
        "accessKey": "AWS::IAM::AccessKey",
    },
    {
        "assumedRoleId": "AWS::STS::AssumedRole",
        "principalArn": "AWS::IAM::SAMLProvider",
        "roleArn": "AWS::IAM::Role",
        "roleSessionName": "AWS::STS::AssumedRole",
    },
)
_STS.containers["assumedroleuser"] = "AWS::STS::AssumedRole"
_STS.containers["policyarns"] = "AWS::IAM::Policy"
_STS.things["federationtoken"] = "AWS::STS::FederatedUser"

_S3 = service_types(
    {"accessPoint": "AWS::S3::AccessPoint", "storageLensConfiguration": "AWS::S3::StorageLens"},
    {
        "bucket": "AWS::S3::Bucket",
        "key": "AWS::S3::Object",
        "targetBucket": "AWS::S3::Bucket",
        "x-amz-copy-source": UNTYPED,
        "name": "AWS::S3::AccessPoint",
    },
)

_RDS = service_types(
    {
        "dBCluster": "AWS::RDS::DBCluster",
        "dBClusterParameterGroup": "AWS::RDS::DBClusterParameterGroup",
        "dBClusterSnapshot": "AWS::RDS::DBClusterSnapshot",
        "dBInstance": "AWS::RDS::DBInstance",
        "dBParameterGroup": "AWS::RDS::DBParameterGroup",
        "dBProxy": "AWS::RDS::DBProxy",
        "dBSecurityGroup": "AWS::RDS::DBSecurityGroup",
        "dBSnapshot": "AWS::RDS::DBSnapshot",
        "dBSubnetGroup": "AWS::RDS::DBSubnetGroup",
        "eventSubscription": "AWS::RDS::EventSubscription",
        "globalCluster": "AWS::RDS::GlobalCluster",
        "optionGroup": "AWS::RDS::OptionGroup",
        "finalDBClusterSnapshot": "AWS::RDS::DBClusterSnapshot",
        "finalDBSnapshot": "AWS::RDS::DBSnapshot",
        "sourceDBCluster": "AWS::RDS::DBCluster",
        "sourceDBClusterSnapshot": "AWS::RDS::DBClusterSnapshot",
        "sourceDBInstance": "AWS::RDS::DBInstance",
        "sourceDBSnapshot": "AWS::RDS::DBSnapshot",
        "targetDBClusterSnapshot": "AWS::RDS::DBClusterSnapshot",
        "targetDBInstance": "AWS::RDS::DBInstance",
        "targetDBSnapshot": "AWS::RDS::DBSnapshot",
    },
    {"subscriptionName": "AWS::RDS::EventSubscription"},
)

_LOAD_BALANCING_PARAMETERS = {
    "instanceId": "AWS::EC2::Instance",
    "securityGroups": "AWS::EC2::SecurityGroup",
    "subnets": "AWS::EC2::Subnet",
}
_LOAD_BALANCING = service_types({"loadBalancer": "AWS::ElasticLoadBalancing::LoadBalancer"}, _LOAD_BALANCING_PARAMETERS)
_LOAD_BALANCING_V2 = service_types(
    {
        "listener": "AWS::ElasticLoadBalancingV2::Listener",
        "loadBalancer": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "rule": "AWS::ElasticLoadBalancingV2::ListenerRule",
        "targetGroup": "AWS::ElasticLoadBalancingV2::TargetGroup",
    },
    _LOAD_BALANCING_PARAMETERS,
)

# Things of services that need no more than their nouns.
_PLAIN: dict[str, dict[str, str]] = {
    "acm": {"certificate": "AWS::CertificateManager::Certificate"},
    "acm-pca": {"certificateAuthority": "AWS::ACMPCA::CertificateAuthority"},
    "apigateway": {
        "api": "AWS::ApiGatewayV2::Api",
        "apiKey": "AWS::ApiGateway::ApiKey",
        "authorizer": "AWS::ApiGateway::Authorizer",
        "deployment": "AWS::ApiGateway::Deployment",
        "domain": "AWS::ApiGateway::DomainName",
        "resource": "AWS::ApiGateway::Resource",
        "restApi": "AWS::ApiGateway::RestApi",
        "stage": "AWS::ApiGateway::Stage",
        "usagePlan": "AWS::ApiGateway::UsagePlan",
        "vpcLink": "AWS::ApiGateway::VpcLink",
    },
    "appmesh": {
        "mesh": "AWS::AppMesh::Mesh",
        "virtualGateway": "AWS::AppMesh::VirtualGateway",
        "virtualNode": "AWS::AppMesh::VirtualNode",
        "virtualService": "AWS::AppMesh::VirtualService",
    },
    "backup": {"backupVault": "AWS::Backup::BackupVault", "backupPlan": "AWS::Backup::BackupPlan"},
    "batch": {
        "computeEnvironment": "AWS::Batch::ComputeEnvironment",
        "jobDefinition": "AWS::Batch::JobDefinition",
        "jobQueue": "AWS::Batch::JobQueue",
    },
    "bedrock": {
        "agent": "AWS::Bedrock::Agent",
        "guardrail": "AWS::Bedrock::Guardrail",
        "knowledgeBase": "AWS::Bedrock::KnowledgeBase",
    },
    "cloudformation": {
        "changeSet": "AWS::CloudFormation::ChangeSet",
        "stack": "AWS::CloudFormation::Stack",
        "stackSet": "AWS::CloudFormation::StackSet",
    },
    "cloudfront": {
        "cachePolicy": "AWS::CloudFront::CachePolicy",
        "distribution": "AWS::CloudFront::Distribution",
        "function": "AWS::CloudFront::Function",
    },
    "cloudhsm": {"cluster": "AWS::CloudHSM::Cluster"},
    "codebuild": {"project": "AWS::CodeBuild::Project", "build": "AWS::CodeBuild::Build"},
    "codecommit": {"repository": "AWS::CodeCommit::Repository"},
    "codepipeline": {"pipeline": "AWS::CodePipeline::Pipeline"},
    "cognito-identity": {"identityPool": "AWS::Cognito::IdentityPool"},
    "cognito-idp": {"userPool": "AWS::Cognito::UserPool", "client": "AWS::Cognito::UserPoolClient"},
    "config": {
        "configRule": "AWS::Config::ConfigRule",
        "configurationRecorder": "AWS::Config::ConfigurationRecorder",
        "conformancePack": "AWS::Config::ConformancePack",
        "deliveryChannel": "AWS::Config::DeliveryChannel",
    },
    "ecr": {"repository": "AWS::ECR::Repository"},
    "elasticache": {
        "cacheCluster": "AWS::ElastiCache::CacheCluster",
        "replicationGroup": "AWS::ElastiCache::ReplicationGroup",
    },
    "elasticbeanstalk": {
        "application": "AWS::ElasticBeanstalk::Application",
        "environment": "AWS::ElasticBeanstalk::Environment",
    },
    "elasticfilesystem": {
        "accessPoint": "AWS::EFS::AccessPoint",
        "fileSystem": "AWS::EFS::FileSystem",
        "mountTarget": "AWS::EFS::MountTarget",
        "networkInterface": "AWS::EC2::NetworkInterface",
    },
    "elasticmapreduce": {"cluster": "AWS::EMR::Cluster", "jobFlow": "AWS::EMR::Cluster"},
    "es": {"domain": "AWS::Elasticsearch::Domain"},
    "firehose": {"deliveryStream": "AWS::KinesisFirehose::DeliveryStream"},
    "glue": {
        "crawler": "AWS::Glue::Crawler",
        "database": "AWS::Glue::Database",
        "job": "AWS::Glue::Job",
        "table": "AWS::Glue::Table",
        "trigger": "AWS::Glue::Trigger",
    },
    "guardduty": {"detector": "AWS::GuardDuty::Detector", "filter": "AWS::GuardDuty::Filter"},
    "kafka": {"cluster": "AWS::MSK::Cluster"},
    "organizations": {"account": "AWS::Organizations::Account", "policy": "AWS::Organizations::Policy"},
    "redshift": {"cluster": "AWS::Redshift::Cluster", "snapshot": "AWS::Redshift::ClusterSnapshot"},
    "rolesanywhere": {"profile": "AWS::RolesAnywhere::Profile", "trustAnchor": "AWS::RolesAnywhere::TrustAnchor"},
    "sagemaker": {
        "endpoint": "AWS::SageMaker::Endpoint",
        "endpointConfig": "AWS::SageMaker::EndpointConfig",
        "model": "AWS::SageMaker::Model",
        "notebookInstance": "AWS::SageMaker::NotebookInstance",
    },
    "states": {"activity": "AWS::StepFunctions::Activity", "stateMachine": "AWS::StepFunctions::StateMachine"},
    "wafv2": {"ipSet": "AWS::WAFv2::IPSet", "ruleGroup": "AWS::WAFv2::RuleGroup", "webACL": "AWS::WAFv2::WebACL"},
}

_TRAIL = "AWS::CloudTrail::Trail"

SERVICES: dict[str, ServiceTypes] = {
    **{source: service_types(things) for source, things in _PLAIN.items()},
    "athena": service_types({"workGroup": "AWS::Athena::WorkGroup"}, {"workGroup": "AWS::Athena::WorkGroup"}),
    "autoscaling": service_types(
        {
            "autoScalingGroup": "AWS::AutoScaling::AutoScalingGroup",
            "instance": "AWS::EC2::Instance",
            "launchConfiguration": "AWS::AutoScaling::LaunchConfiguration",
            "lifecycleHook": "AWS::AutoScaling::LifecycleHook",
            "loadBalancer": "AWS::ElasticLoadBalancing::LoadBalancer",
            "policy": "AWS::AutoScaling::ScalingPolicy",
        },
        {"imageId": "AWS::EC2::Ami", "keyName": "AWS::EC2::KeyPair"},
    ),
    "cloudtrail": service_types(
        {
            "channel": "AWS::CloudTrail::Channel",
            "dashboard": "AWS::CloudTrail::Dashboard",
            "eventDataStore": "AWS::CloudTrail::EventDataStore",
            "trail": _TRAIL,
        },
        {
            "channel": "AWS::CloudTrail::Channel",
            "eventDataStore": "AWS::CloudTrail::EventDataStore",
            "trailNameList": _TRAIL,
        },
        default=_TRAIL,
        answers_unread=frozenset({"CreateTrail", "PutEventSelectors", "PutInsightSelectors", "UpdateTrail"}),
        everywhere=False,
    ),
    "dynamodb": service_types(
        {
            "backup": "AWS::DynamoDB::Backup",
            "globalTable": "AWS::DynamoDB::GlobalTable",
            "sourceTable": "AWS::DynamoDB::Table",
            "stream": "AWS::DynamoDB::Stream",
            "table": "AWS::DynamoDB::Table",
            "targetTable": "AWS::DynamoDB::Table",
        },
        map_keys={"requestItems": "AWS::DynamoDB::Table"},
    ),
    "ec2": _EC2,
    "ecs": service_types(
        {
            "cluster": "AWS::ECS::Cluster",
            "containerInstance": "AWS::ECS::ContainerInstance",
            "service": "AWS::ECS::Service",
            "task": "AWS::ECS::Task",
            "taskDefinition": "AWS::ECS::TaskDefinition",
        },
        {
            "cluster": "AWS::ECS::Cluster",
            "clusters": "AWS::ECS::Cluster",
            "family": "AWS::ECS::TaskDefinition",
            "service": "AWS::ECS::Service",
            "services": "AWS::ECS::Service",
            "securityGroups": "AWS::EC2::SecurityGroup",
            "subnets": "AWS::EC2::Subnet",
            "task": "AWS::ECS::Task",
            "taskDefinition": "AWS::ECS::TaskDefinition",
            "tasks": "AWS::ECS::Task",
        },
    ),
    "eks-auth": service_types({"cluster": "AWS::EKS::Cluster"}),
    "eks": service_types(
        {
            "addon": "AWS::EKS::Addon",
            "cluster": "AWS::EKS::Cluster",
            "fargateProfile": "AWS::EKS::FargateProfile",
            "nodegroup": "AWS::EKS::Nodegroup",
        },
        default="AWS::EKS::Cluster",
    ),
    "elasticloadbalancing": _LOAD_BALANCING,
    "elasticloadbalancing 2015-12-01": _LOAD_BALANCING_V2,
    "events": service_types(
        {
            "apiDestination": "AWS::Events::ApiDestination",
            "archive": "AWS::Events::Archive",
            "connection": "AWS::Events::Connection",
            "eventBus": "AWS::Events::EventBus",
            "rule": "AWS::Events::Rule",
        },
        {"eventBusName": "AWS::Events::EventBus", "rule": "AWS::Events::Rule"},
        default="AWS::Events::Rule",
    ),
    "iam": _IAM,
    "kinesis": service_types({"consumer": "AWS::Kinesis::StreamConsumer", "stream": "AWS::Kinesis::Stream"}),
    "kms": service_types(
        {"alias": "AWS::KMS::Alias", "key": "AWS::KMS::Key"},
        {"destinationKeyId": "AWS::KMS::Key", "sourceKeyId": "AWS::KMS::Key", "targetKeyId": "AWS::KMS::Key"},
    ),
    "lambda": service_types(
        {
            "eventSource": UNTYPED,
            "function": "AWS::Lambda::Function",
            "layer": "AWS::Lambda::LayerVersion",
            "layerVersion": "AWS::Lambda::LayerVersion",
        },
        {"role": "AWS::IAM::Role", "eventSourceArn": UNTYPED},
    ),
    "logs": service_types(
        {
            "destination": "AWS::Logs::Destination",
            "logGroup": "AWS::Logs::LogGroup",
            "logStream": "AWS::Logs::LogStream",
        },
        {"destinationArn": UNTYPED},
    ),
    "monitoring": service_types({"alarm": "AWS::CloudWatch::Alarm", "dashboard": "AWS::CloudWatch::Dashboard"}),
    "rds": _RDS,
    "route53": service_types(
        {"healthCheck": "AWS::Route53::HealthCheck", "hostedZone": "AWS::Route53::HostedZone"},
        default="AWS::Route53::HostedZone",
    ),
    "s3": _S3,
    "s3express": _S3,
    "secretsmanager": service_types({"secret": "AWS::SecretsManager::Secret"}, default="AWS::SecretsManager::Secret"),
    "sns": service_types(
        {
            "platformApplication": "AWS::SNS::PlatformApplication",
            "subscription": "AWS::SNS::Subscription",
            "topic": "AWS::SNS::Topic",
        },
        {"targetArn": "AWS::SNS::Topic"},
    ),
    "sqs": service_types({"queue": "AWS::SQS::Queue"}, {"queueUrl": "AWS::SQS::Queue", "queueUrls": "AWS::SQS::Queue"}),
    "ssm": service_types(
        {
            "association": "AWS::SSM::Association",
            "document": "AWS::SSM::Document",
            "instance": "AWS::EC2::Instance",
            "maintenanceWindow": "AWS::SSM::MaintenanceWindow",
            "parameter": "AWS::SSM::Parameter",
            "parameters": "AWS::SSM::Parameter",
            "patchBaseline": "AWS::SSM::PatchBaseline",
        },
        {
            "baselineId": "AWS::SSM::PatchBaseline",
            "resourceId": UNTYPED,
            "target": "AWS::EC2::Instance",
            "windowId": "AWS::SSM::MaintenanceWindow",
        },
    ),
    "sts": _STS,
}
