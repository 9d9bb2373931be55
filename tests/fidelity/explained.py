"""Why single fields of our records differ from AWS's: every known difference, with its reason."""

import re
from dataclasses import dataclass

AGE = "The record is older than the field, or than the way in which AWS writes it today."
INNER = "A field of the service's own that its API does not have: no client can send it, no answer holds it."
HIDING = "AWS hides the commands since; we always do."


@dataclass(frozen=True)
class Explanation:
    """A reason for the differences of some operations whose text matches `fields`."""

    service: str
    operations: str
    fields: str
    reason: str

    def covers(self, service: str, operation: str, difference: str) -> bool:
        """Whether this is the reason for `difference`."""
        known = service == self.service and re.fullmatch(self.operations, operation)
        return bool(known and re.search(self.fields, difference))


EXPLANATIONS = (
    Explanation("apigateway", "CreateStage", r"\b(self|stageDelete|stageFlushAuthorizerCache|stageUpdate)\b", INNER),
    Explanation("cloudfront", "CreateDistribution", r"\boacSigningBehavior\b", INNER),
    Explanation("cloudwatch", "DescribeAlarms", r"\bexcludeManagedAlarms\b", INNER),
    Explanation("ec2", "CreateNetworkInterface", r"\bdenyAllIgwTraffic\b", INNER),
    Explanation("ec2", "DescribeAvailabilityZones", r"ours alone: availabilityZoneIdSet ", AGE),
    Explanation("ec2", "DescribeHosts", r"\.tag \((text|number)\)", AGE),
    Explanation("ec2", "DescribeIdFormat", r"(the whole|DescribeIdFormatRequest) ", AGE),
    Explanation("ec2", "DescribeKeyPairs", r"ours alone: (includePublicKey|keyPairIdSet) ", AGE),
    Explanation("ec2", "DescribePlacementGroups", r"ours alone: placementGroupIdSet ", AGE),
    Explanation("ec2", "RunInstances", r"ours alone: disableApiStop ", AGE),
    Explanation("elbv2", "DescribeLoadBalancers|DescribeTargetGroups", r"^responseElements", AGE),
    Explanation("rds", "CreateDBInstance|DeleteDBInstance", r"\bhttpEndpointEnabled\b", INNER),
    Explanation("s3", "CreateBucket|ListBuckets", r"(the whole|Host) ", AGE),
    Explanation(
        "s3control", "GetStorageLensConfiguration", r"ours alone: configId ",
        "AWS leaves out which configuration was read; we keep it, since it is in the path and says what was seen.",
    ),
    Explanation("ssm", "SendCommand", r"\b(clientName|clientSourceId)\b", INNER),
    Explanation("ssm", "SendCommand", r"\bparameters\b", HIDING),
)  # fmt: skip


def reason(service: str, operation: str, difference: str) -> str | None:
    """Why this difference is there; None where nobody knows."""
    found = [one.reason for one in EXPLANATIONS if one.covers(service, operation, difference)]
    return found[0] if found else None
