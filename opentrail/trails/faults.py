"""What cannot be done with trails, by AWS's names; the docstring is the default message."""

from opentrail.errors import ClientError, Unavailable


class InvalidTrailName(ClientError):
    """The trail name is not valid."""

    code = "InvalidTrailNameException"


class InvalidTrailArn(ClientError):
    """The ARN is not valid. The format of a trail ARN is arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail."""

    code = "CloudTrailARNInvalidException"


class TrailNotFound(ClientError):
    """There is no such trail."""

    code = "TrailNotFoundException"


class TrailAlreadyExists(ClientError):
    """The account has a trail of that name in this Region already."""

    code = "TrailAlreadyExistsException"


class TooManyTrails(ClientError):
    """The account has as many trails as it can have in a Region."""

    code = "MaximumNumberOfTrailsExceededException"


class NotHomeRegion(ClientError):
    """A trail can be changed in the Region that it was created in, and in no other."""

    code = "InvalidHomeRegionException"


class InvalidBucketName(ClientError):
    """The name of the S3 bucket is not valid."""

    code = "InvalidS3BucketNameException"


class InvalidPrefix(ClientError):
    """The S3 prefix is not valid."""

    code = "InvalidS3PrefixException"


class NoSuchTrailBucket(ClientError):
    """The S3 bucket does not exist."""

    code = "S3BucketDoesNotExistException"


class InsufficientBucketPolicy(ClientError):
    """The policy of the S3 bucket does not let CloudTrail deliver."""

    code = "InsufficientS3BucketPolicyException"


class InvalidTopicName(ClientError):
    """The name or ARN of the SNS topic is not valid."""

    code = "InvalidSnsTopicNameException"


class InsufficientTopicPolicy(ClientError):
    """SNS Topic does not exist or the topic policy is incorrect!"""

    code = "InsufficientSnsTopicPolicyException"


class InvalidKeyId(ClientError):
    """The id, alias or ARN of the KMS key is not valid."""

    code = "InvalidKmsKeyIdException"


class KeyNotFound(ClientError):
    """The KMS key does not exist."""

    code = "KmsKeyNotFoundException"


class InsufficientKeyPolicy(ClientError):
    """The policy of the KMS key does not let CloudTrail encrypt with it."""

    code = "InsufficientEncryptionPolicyException"


class KeyUnusable(ClientError):
    """The KMS key cannot be used."""

    code = "KmsException"


class InvalidLogGroup(ClientError):
    """The CloudWatch Logs log group is not valid."""

    code = "InvalidCloudWatchLogsLogGroupArnException"


class InvalidLogsRole(ClientError):
    """The role for CloudWatch Logs is not valid."""

    code = "InvalidCloudWatchLogsRoleArnException"


class NotPermitted(ClientError):
    """The operation is not permitted."""

    code = "OperationNotPermittedException"


class InvalidTag(ClientError):
    """A tag is not valid, or a key is given twice."""

    code = "InvalidTagParameterException"


class TooManyTags(ClientError):
    """A resource can have 50 tags at most."""

    code = "TagsLimitExceededException"


class ResourceNotFound(ClientError):
    """There is no such resource."""

    code = "ResourceNotFoundException"


class ResourceNotTaggable(ClientError):
    """Resources of this type have no tags."""

    code = "ResourceTypeNotSupportedException"


class InvalidCombination(ClientError):
    """The combination of parameters is not valid."""

    code = "InvalidParameterCombinationException"


class InvalidParameter(ClientError):
    """A parameter is not valid."""

    code = "InvalidParameterException"


class InsightsNotEnabled(ClientError):
    """Insights are not enabled."""

    code = "InsightNotEnabledException"


class DestinationUnknown(Unavailable):
    """A bucket, topic, key or log group could not be asked about. Try again."""
