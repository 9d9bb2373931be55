"""Tags of trails over the wire."""

import pytest

from tests.api.rooms.conftest import ACCOUNT, MEMBER, Refused, TrailServer
from tests.cloud import REGION

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"


def tags(server: TrailServer) -> list[dict[str, str]]:
    (found,) = server.ask("list_tags", ResourceIdList=[ARN])["ResourceTagList"]
    listed: list[dict[str, str]] = found["TagsList"]
    return listed


def test_tags_are_set_and_removed(audit: TrailServer) -> None:
    assert tags(audit) == []
    audit.ask("add_tags", ResourceId=ARN, TagsList=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    audit.ask("add_tags", ResourceId=ARN, TagsList=[{"Key": "a", "Value": "2"}])
    assert tags(audit) == [{"Key": "a", "Value": "2"}, {"Key": "b"}]
    audit.ask("remove_tags", ResourceId=ARN, TagsList=[{"Key": "a"}, {"Key": "nothing"}])
    assert tags(audit) == [{"Key": "b"}]


def test_fifty_tags_are_the_most(audit: TrailServer) -> None:
    audit.ask("add_tags", ResourceId=ARN, TagsList=[{"Key": f"k{n}"} for n in range(50)])
    audit.ask("add_tags", ResourceId=ARN, TagsList=[{"Key": "k7", "Value": "v"}])
    more = {"ResourceId": ARN, "TagsList": [{"Key": "one-more"}]}
    assert audit.refusal("add_tags", **more) == "TagsLimitExceededException"
    many = [{"Key": f"k{n}"} for n in range(51)]
    code = audit.refusal("create_trail", Name="other", S3BucketName="logs", TagsList=many)
    assert code == "TagsLimitExceededException"


@pytest.mark.parametrize(
    "given",
    [
        [{"Key": "a"}, {"Key": "a"}],
        [{"Key": "a" * 129}],
        [{"Key": "a", "Value": "v" * 257}],
        [{"Key": ""}],
        [{"Key": "aws:a"}],
        [{"Value": "v"}],
    ],
)
def test_tags_that_nothing_may_have(audit: TrailServer, given: list[dict[str, str]]) -> None:
    assert audit.refusal("add_tags", ResourceId=ARN, TagsList=given) == "InvalidTagParameterException"
    code = audit.refusal("create_trail", Name="other", S3BucketName="logs", TagsList=given)
    assert code == "InvalidTagParameterException"


def test_what_is_tagged_is_a_resource_of_the_caller_s_account_and_region(audit: TrailServer) -> None:
    def refused(arn: str, **more: str) -> tuple[str, str]:
        with pytest.raises(Refused) as found:
            audit.ask("list_tags", ResourceIdList=[arn], **more)
        return found.value.code, found.value.message

    assert refused(ARN.replace(ACCOUNT, MEMBER)) == (
        "CloudTrailARNInvalidException",
        f"AccountID in ARN is wrong, you can only access resources with AccountID {ACCOUNT}.",
    )
    assert refused(ARN, region="us-east-1") == (
        "CloudTrailARNInvalidException",
        "Region in ARN is wrong, you can only access resources in region us-east-1.",
    )
    assert refused("audit")[0] == refused("arn:aws:s3:::logs")[0] == "CloudTrailARNInvalidException"
    assert refused(ARN + "2")[0] == "ResourceNotFoundException"
    assert refused(ARN.replace("trail/", "import/"))[0] == "ResourceTypeNotSupportedException"
    assert audit.refusal("list_tags", ResourceIdList=[ARN] * 21) == "InvalidParameterException"
    assert audit.refusal("list_tags", ResourceIdList=[ARN], NextToken="x") == "InvalidTokenException"
