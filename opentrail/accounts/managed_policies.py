"""AWS's own policies that can be attached here by their ARNs, as far as they speak of what we do.

Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/. Of AWSCloudTrail_FullAccess the permissions
for other services are left out but those that making a trail asks for.
"""

import json
from typing import Any, Final

_CREATING: Final = [
    "s3:CreateBucket", "s3:PutBucketPolicy", "s3:ListAllMyBuckets", "s3:GetBucketLocation", "s3:GetBucketPolicy",
    "sns:AddPermission", "sns:CreateTopic", "sns:SetTopicAttributes", "sns:GetTopicAttributes", "sns:ListTopics",
    "logs:CreateLogGroup", "logs:DescribeLogGroups", "iam:ListRoles", "iam:GetRolePolicy", "iam:GetUser",
    "kms:CreateKey", "kms:CreateAlias", "kms:ListKeys", "kms:ListAliases",
]  # fmt: skip


def _allowing(*actions: str) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


PREFIX: Final = "arn:aws:iam::aws:policy/"

AWS_POLICIES: Final[dict[str, str]] = {
    PREFIX + "AdministratorAccess": _allowing("*"),
    PREFIX + "AWSCloudTrail_FullAccess": _allowing("cloudtrail:*", *_CREATING),
    PREFIX + "AWSCloudTrail_ReadOnlyAccess": _allowing(
        "cloudtrail:Get*", "cloudtrail:Describe*", "cloudtrail:List*", "cloudtrail:LookupEvents"
    ),
}
