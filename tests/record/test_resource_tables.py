"""The tables behind derived resources: what AWS lists for a call, in types and numbers."""

from typing import Any

import pytest

from tests.record.test_derived import listed

IAM_USER = {
    "userName": "robin",
    "userId": "AIDA2",
    "arn": "arn:aws:iam::1:user/robin",
    "path": "/",
    "tags": [{"key": "name"}],
}
TYPES: list[tuple[str, str, Any, Any, list[str | None]]] = [
    ("iam", "CreateUser", {"userName": "robin"}, {"user": IAM_USER}, ["AWS::IAM::User"] * 3),
    (
        "iam",
        "CreateGroup",
        {"groupName": "g"},
        {"group": {"groupName": "g", "groupId": "AGPA", "arn": "arn:aws:iam::1:group/g"}},
        ["AWS::IAM::Group"] * 3,
    ),
    (
        "iam",
        "AttachUserPolicy",
        {"userName": "robin", "policyArn": "arn:aws:iam::aws:policy/P"},
        None,
        ["AWS::IAM::User", "AWS::IAM::Policy"],
    ),
    (
        "iam",
        "DetachGroupPolicy",
        {"policyArn": "arn:aws:iam::aws:policy/P", "groupName": "g"},
        None,
        ["AWS::IAM::Policy", "AWS::IAM::Group"],
    ),
    ("iam", "AddUserToGroup", {"groupName": "g", "userName": "robin"}, None, ["AWS::IAM::User", "AWS::IAM::Group"]),
    (
        "iam",
        "CreateLoginProfile",
        {"userName": "robin", "passwordResetRequired": True},
        {"loginProfile": {"userName": "robin", "createDate": "Mar 4, 2026"}},
        ["AWS::IAM::User"],
    ),
    ("iam", "UpdateAccountPasswordPolicy", {"minimumPasswordLength": 14}, None, []),
    ("iam", "ChangePassword", None, None, []),
    (
        "sts",
        "AssumeRole",
        {"roleArn": "arn:aws:iam::1:role/R", "roleSessionName": "s", "durationSeconds": 900},
        {
            "credentials": {"accessKeyId": "ASIA1", "sessionToken": "t", "expiration": "Mar 4, 2026"},
            "assumedRoleUser": {"assumedRoleId": "AROA:s", "arn": "arn:aws:sts::1:assumed-role/R/s"},
        },
        ["AWS::IAM::AccessKey", *["AWS::STS::AssumedRole"] * 3, "AWS::IAM::Role"],
    ),
    (
        "sts",
        "GetFederationToken",
        {"name": "fed"},
        {"federatedUser": {"federatedUserId": "1:fed", "arn": "arn:aws:sts::1:federated-user/fed"}},
        ["AWS::STS::FederatedUser"] * 3,
    ),
    (
        "s3",
        "CreateBucket",
        {"bucketName": "b", "Host": "s3.amazonaws.com", "x-amz-acl": "private"},
        None,
        ["AWS::S3::Bucket"],
    ),
    (
        "s3",
        "PutBucketPolicy",
        {
            "bucketName": "b",
            "bucketPolicy": {
                "Statement": [{"Resource": "arn:aws:s3:::b/*", "Principal": {"AWS": "arn:aws:iam::1:root"}}]
            },
        },
        None,
        ["AWS::S3::Bucket"],
    ),
    (
        "cloudtrail",
        "CreateTrail",
        {"name": "audit", "s3BucketName": "b"},
        {"name": "audit", "trailARN": "arn:aws:cloudtrail:r:1:trail/audit"},
        ["AWS::CloudTrail::Trail"],
    ),
    ("cloudtrail", "StartLogging", {"name": "arn:aws:cloudtrail:r:1:trail/audit"}, None, ["AWS::CloudTrail::Trail"]),
    (
        "cloudtrail",
        "PutEventSelectors",
        {"trailName": "audit", "eventSelectors": []},
        {"trailARN": "arn:aws:cloudtrail:r:1:trail/audit"},
        ["AWS::CloudTrail::Trail"],
    ),
    (
        "ec2",
        "CreateSecurityGroup",
        {"groupName": "web", "vpcId": "vpc-1"},
        {"groupId": "sg-1", "_return": True},
        ["AWS::EC2::VPC", *["AWS::EC2::SecurityGroup"] * 2],
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {"groupId": "sg-1", "ipPermissions": {"items": [{"groups": {"items": [{"groupId": "sg-2", "userId": "1"}]}}]}},
        {"securityGroupRuleSet": {"items": [{"groupId": "sg-1", "securityGroupRuleId": "sgr-1"}]}},
        ["AWS::EC2::SecurityGroup"],
    ),
    (
        "ec2",
        "RevokeSecurityGroupEgress",
        {"groupId": "sg-1", "ipPermissions": {}},
        {"_return": True},
        ["AWS::EC2::SecurityGroup"],
    ),
    (
        "ec2",
        "CreateSubnet",
        {"vpcId": "vpc-1"},
        {"subnet": {"subnetId": "subnet-1", "vpcId": "vpc-1"}},
        ["AWS::EC2::VPC", "AWS::EC2::Subnet"],
    ),
    (
        "ec2",
        "CreateRouteTable",
        {"vpcId": "vpc-1"},
        {"routeTable": {"routeTableId": "rtb-1", "vpcId": "vpc-1", "routeSet": {"items": [{"gatewayId": "local"}]}}},
        ["AWS::EC2::VPC", "AWS::EC2::RouteTable"],
    ),
    (
        "ec2",
        "AssociateRouteTable",
        {"routeTableId": "rtb-1", "subnetId": "subnet-1"},
        {"associationId": "rtbassoc-1"},
        ["AWS::EC2::RouteTable", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::Subnet"],
    ),
    (
        "ec2",
        "CreateRoute",
        {"routeTableId": "rtb-1", "gatewayId": "igw-1"},
        {"_return": True},
        ["AWS::EC2::RouteTable", None],
    ),
    (
        "ec2",
        "AttachInternetGateway",
        {"internetGatewayId": "igw-1", "vpcId": "vpc-1"},
        {"_return": True},
        ["AWS::EC2::VPC", "AWS::EC2::InternetGateway"],
    ),
    (
        "ec2",
        "CreateVpcEndpoint",
        {
            "CreateVpcEndpointRequest": {
                "VpcId": "vpc-1",
                "SecurityGroupId": {"tag": 1, "content": "sg-1"},
                "SubnetId": [{"tag": 1, "content": "subnet-1"}],
            }
        },
        {
            "CreateVpcEndpointResponse": {
                "vpcEndpoint": {
                    "vpcEndpointId": "vpce-1",
                    "vpcId": "vpc-1",
                    "networkInterfaceIdSet": {"item": "eni-1"},
                    "subnetIdSet": {"item": ["subnet-1"]},
                    "groupSet": {"item": {"groupId": "sg-1"}},
                }
            }
        },
        [
            "AWS::EC2::VPC",
            "AWS::EC2::NetworkInterface",
            "AWS::EC2::VPCEndpoint",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::Subnet",
        ],
    ),
    ("ssm", "UpdateInstanceInformation", {"instanceId": "i-1"}, None, []),
    ("ssm", "CreateDocument", {"name": "d", "content": "{}"}, None, ["AWS::SSM::Document"]),
    ("events", "CreateConnection", {"name": "c"}, None, ["AWS::Events::Connection"]),
    ("signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}, []),
]


@pytest.mark.parametrize(
    ("source", "name", "request_", "answer", "types"), TYPES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_types_and_numbers_that_aws_lists(
    source: str, name: str, request_: Any, answer: Any, types: list[str | None]
) -> None:
    assert [kind for kind, _ in listed(source, name, request_, answer, readOnly=False)] == types


@pytest.mark.parametrize(
    ("source", "name", "request_", "pair"),
    [
        (
            "kms",
            "ScheduleKeyDeletion",
            {"keyId": "k", "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::x"}},
            ("AWS::KMS::Key", "k"),
        ),
        ("dynamodb", "BatchWriteItem", {"requestItems": {"T": [{"putRequest": {}}]}}, ("AWS::DynamoDB::Table", "T")),
        ("lambda", "GetFunction20150331v2", {"functionName": "f"}, ("AWS::Lambda::Function", "f")),
        ("sns", "CreateTopic", {"name": "t"}, ("AWS::SNS::Topic", "t")),
        ("sqs", "DeleteQueue", {"queueUrl": "http://q"}, ("AWS::SQS::Queue", "http://q")),
        ("rds", "DeleteDBInstance", {"dBInstanceIdentifier": "d"}, ("AWS::RDS::DBInstance", "d")),
        ("logs", "CreateLogGroup", {"logGroupName": "/g"}, ("AWS::Logs::LogGroup", "/g")),
        ("cloudformation", "DeleteStack", {"stackName": "s"}, ("AWS::CloudFormation::Stack", "s")),
        ("ecs", "UpdateService", {"cluster": "c"}, ("AWS::ECS::Cluster", "c")),
        ("eks", "CreateCluster", {"name": "c"}, ("AWS::EKS::Cluster", "c")),
        ("secretsmanager", "CreateSecret", {"name": "s"}, ("AWS::SecretsManager::Secret", "s")),
        ("ssm", "GetParameters", {"names": ["/p"]}, ("AWS::SSM::Parameter", "/p")),
        (
            "elasticloadbalancing",
            "DeleteLoadBalancer",
            {"loadBalancerName": "l"},
            ("AWS::ElasticLoadBalancing::LoadBalancer", "l"),
        ),
        (
            "autoscaling",
            "DeleteAutoScalingGroup",
            {"autoScalingGroupName": "a"},
            ("AWS::AutoScaling::AutoScalingGroup", "a"),
        ),
        ("route53", "GetHostedZone", {"id": "Z1"}, ("AWS::Route53::HostedZone", "Z1")),
        ("apigateway", "DeleteRestApi", {"restApiId": "r"}, ("AWS::ApiGateway::RestApi", "r")),
        ("events", "PutRule", {"name": "r"}, ("AWS::Events::Rule", "r")),
        ("kinesis", "DescribeStream", {"streamName": "s"}, ("AWS::Kinesis::Stream", "s")),
        ("ecr", "PutImage", {"repositoryName": "r"}, ("AWS::ECR::Repository", "r")),
        ("monitoring", "DeleteAlarms", {"alarmNames": ["a"]}, ("AWS::CloudWatch::Alarm", "a")),
        ("cloudfront", "DeleteDistribution2020_05_31", {"id": "E1"}, ("AWS::CloudFront::Distribution", "E1")),
        ("wholly-new", "TagResource", {"resourceArn": "arn:aws:sqs:r:1:q"}, ("AWS::SQS::Queue", "arn:aws:sqs:r:1:q")),
        ("wholly-new", "TagResource", {"resourceArn": "arn:aws:new:r:1:thing/x"}, (None, "arn:aws:new:r:1:thing/x")),
    ],
)
def test_common_services_by_parameter_and_by_arn(
    source: str, name: str, request_: Any, pair: tuple[str | None, str]
) -> None:
    assert pair in listed(source, name, request_)


def test_load_balancers_of_both_generations() -> None:
    name = {"loadBalancerName": "l"}
    assert (
        listed("elasticloadbalancing", "X", name, apiVersion="2012-06-01")[0][0]
        == "AWS::ElasticLoadBalancing::LoadBalancer"
    )
    assert (
        listed("elasticloadbalancing", "X", name, apiVersion="2015-12-01")[0][0]
        == "AWS::ElasticLoadBalancingV2::LoadBalancer"
    )
