"""Trails over the wire: what is answered, what is refused, and in which order it is looked at."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from opentrail.catalog.trails import Trails
from tests.api.rooms.conftest import ACCOUNT, MEMBER, ORGANIZATION, STRANGER, Refused, TrailServer
from tests.cloud import REGION, Cloud, allow, bucket_statements

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"
FRESH = {
    "Name": "audit",
    "S3BucketName": "logs",
    "IncludeGlobalServiceEvents": True,
    "IsMultiRegionTrail": False,
    "TrailARN": ARN,
    "LogFileValidationEnabled": False,
    "IsOrganizationTrail": False,
    "RecursiveLogging": True,
}


def test_a_fresh_trail(trails: TrailServer, cloud: Cloud) -> None:
    cloud.bucket("logs")
    assert trails.ask("create_trail", Name="audit", S3BucketName="logs") == FRESH
    described = FRESH | {"HomeRegion": REGION, "HasCustomEventSelectors": False, "HasInsightSelectors": False}
    assert trails.ask("get_trail", Name="audit") == {"Trail": described}
    assert trails.ask("get_trail", Name=ARN) == {"Trail": described}
    assert trails.ask("describe_trails") == {"trailList": [described]}
    assert trails.ask("list_trails") == {"Trails": [{"TrailARN": ARN, "Name": "audit", "HomeRegion": REGION}]}
    assert trails.ask("get_trail_status", Name="audit")["IsLogging"] is False
    record = trails.records()[0]
    assert (record["eventName"], record["responseElements"]["trailARN"]) == ("CreateTrail", ARN)


def test_a_trail_with_everything(trails: TrailServer, cloud: Cloud) -> None:
    cloud.bucket("logs", prefix="audit/here")
    key, group, role = cloud.key(alias="alias/logs"), cloud.log_group(), cloud.role()
    topic = cloud.topic("files", allow("SNS:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:files"))
    members = {
        "S3KeyPrefix": "audit/here",
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "SnsTopicName": "files",
        "CloudWatchLogsLogGroupArn": group,
        "CloudWatchLogsRoleArn": role,
        "RecursiveLogging": False,
    }
    made = trails.ask(
        "create_trail",
        Name="audit",
        S3BucketName="logs",
        EnableLogFileValidation=True,
        KmsKeyId="alias/logs",
        TagsList=[{"Key": "team", "Value": "a"}],
        **members,
    )
    answered = {"SnsTopicARN": topic, "KmsKeyId": key, "LogFileValidationEnabled": True}
    assert made == FRESH | members | answered
    tags = trails.ask("list_tags", ResourceIdList=[ARN])["ResourceTagList"]
    assert tags == [{"ResourceId": ARN, "TagsList": [{"Key": "team", "Value": "a"}]}]
    bare = trails.ask(
        "update_trail",
        Name=ARN,
        S3BucketName=cloud.bucket("plain"),
        S3KeyPrefix="",
        SnsTopicName="",
        KmsKeyId="",
        CloudWatchLogsLogGroupArn="",
        CloudWatchLogsRoleArn="",
        EnableLogFileValidation=False,
        RecursiveLogging=True,
    )
    emptied = {"S3BucketName": "plain", "IsMultiRegionTrail": True, "SnsTopicName": "", "SnsTopicARN": ""}
    assert bare == FRESH | emptied


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ab", "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters."),
        (
            "a" * 129,
            "Trail name too long. Maximum allowed length: 128 characters. Specified name length: 129 characters.",
        ),
        ("-ab", "Trail name must starts with a letter or number."),
        ("ab-", "Trail name must ends with a letter or number."),
        (
            "a!b",
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
            "hyphens (-), and underscores (_).",
        ),
        ("a--b", None),
        ("my-_space", None),
        ("192.168.5.4", None),
        ("éab", "Trail name must starts with a letter or number."),
    ],
)
def test_names_that_no_trail_may_have(trails: TrailServer, name: str, message: str | None) -> None:
    for operation, members in (("create_trail", {"S3BucketName": "logs"}), ("get_trail", {}), ("stop_logging", {})):
        with pytest.raises(Refused) as refused:
            trails.ask(operation, Name=name, **members)
        assert refused.value.code == "InvalidTrailNameException"
        assert message is None or refused.value.message == message


@pytest.mark.parametrize("bucket", ["ab", "UPPER", "under_score", "a..b", "a.-b", "dash-", "10.0.0.1", "a" * 64])
def test_names_that_no_bucket_may_have(trails: TrailServer, bucket: str) -> None:
    assert trails.refusal("create_trail", Name="audit", S3BucketName=bucket) == "InvalidS3BucketNameException"


@pytest.mark.parametrize(
    "prefix", ["a" * 201, "AWSLogs/", "a/AWSLogs/b", "AWSLogs", "/a", "a/", "a//b", "a/../b", "a/.", "a\n"]
)
def test_prefixes_that_no_trail_may_have(trails: TrailServer, prefix: str) -> None:
    code = trails.refusal("create_trail", Name="audit", S3BucketName="logs", S3KeyPrefix=prefix)
    assert code == "InvalidS3PrefixException"


def test_a_name_is_taken_at_home(audit: TrailServer) -> None:
    with pytest.raises(Refused) as refused:
        audit.ask("create_trail", Name="audit", S3BucketName="logs")
    assert refused.value.code == "TrailAlreadyExistsException"
    assert refused.value.message == f"Trail audit already exists for customer: {ACCOUNT}"
    audit.ask("create_trail", region="us-east-1", Name="audit", S3BucketName="logs")


def test_a_trail_is_at_home_in_an_enabled_region(trails: TrailServer, cloud: Cloud) -> None:
    cloud.bucket("logs")
    for region in ("af-south-1", "nowhere"):
        code = trails.refusal("create_trail", region=region, Name="audit", S3BucketName="logs")
        assert code == "OperationNotPermittedException"


def test_five_trails_in_a_region_shadows_counted(trails: TrailServer, cloud: Cloud) -> None:
    cloud.bucket("logs")
    for number in range(4):
        trails.ask("create_trail", Name=f"trail-{number}", S3BucketName="logs")
    trails.ask("create_trail", region="us-east-1", Name="all", S3BucketName="logs", IsMultiRegionTrail=True)
    with pytest.raises(Refused) as refused:
        trails.ask("create_trail", Name="one-more", S3BucketName="logs")
    assert refused.value.code == "MaximumNumberOfTrailsExceededException"
    assert refused.value.message == f"User: {ACCOUNT} already has 5 trails in {REGION}."
    everywhere = {"region": "us-east-1", "Name": "all-2", "S3BucketName": "logs"}
    code = trails.refusal("create_trail", IsMultiRegionTrail=True, **everywhere)
    assert code == "MaximumNumberOfTrailsExceededException"
    trails.ask("create_trail", **everywhere)
    code = trails.refusal("update_trail", region="us-east-1", Name="all-2", IsMultiRegionTrail=True)
    assert code == "MaximumNumberOfTrailsExceededException"
    trails.ask("delete_trail", Name="trail-0")
    trails.ask("create_trail", Name="one-more", S3BucketName="logs")


def test_trails_that_are_made_at_once_do_not_pass_the_limit(trails: TrailServer, cloud: Cloud) -> None:
    cloud.bucket("logs")

    def made(names: list[str]) -> list[str]:
        calls = [trails.call_of("create_trail", Name=name, S3BucketName="logs") for name in names]
        with ThreadPoolExecutor(len(calls)) as pool:
            answers = [json.loads(response.body) for response in pool.map(trails.send, calls)]
        return sorted(answer.get("__type") or answer["Name"] for answer in answers)

    assert made(["same"] * 4) == ["TrailAlreadyExistsException"] * 3 + ["same"]
    refused = ["MaximumNumberOfTrailsExceededException"] * 2
    assert made([f"trail-{number}" for number in range(6)])[:2] == refused
    assert len(trails.ask("describe_trails")["trailList"]) == 5


def test_global_events_follow_multi_region(audit: TrailServer) -> None:
    combination = "InvalidParameterCombinationException"
    multi = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": False}
    assert audit.refusal("update_trail", Name="audit", **multi) == combination
    assert audit.refusal("create_trail", Name="other", S3BucketName="logs", **multi) == combination
    single = audit.ask("update_trail", Name="audit", IncludeGlobalServiceEvents=False)
    assert single["IncludeGlobalServiceEvents"] is False
    assert audit.ask("update_trail", Name="audit", IsMultiRegionTrail=True)["IncludeGlobalServiceEvents"] is True
    assert audit.refusal("update_trail", Name="audit", IncludeGlobalServiceEvents=False) == combination
    assert audit.ask("update_trail", Name="audit", IsMultiRegionTrail=False)["IncludeGlobalServiceEvents"] is False
    home = {"region": "us-east-1", "Name": "audit"}
    audit.ask("create_trail", S3BucketName="logs", IsMultiRegionTrail=True, **home)
    assert audit.ask("update_trail", IsMultiRegionTrail=False, **home)["IncludeGlobalServiceEvents"] is True


def test_shadows_are_read_by_arn_and_changed_at_home(audit: TrailServer) -> None:
    away = {"region": "us-west-2"}
    assert audit.refusal("get_trail", Name=ARN, **away) == "TrailNotFoundException"  # no shadow yet
    assert audit.ask("describe_trails", **away) == {"trailList": []}
    audit.ask("update_trail", Name="audit", IsMultiRegionTrail=True)
    assert audit.ask("get_trail", Name=ARN, **away)["Trail"]["HomeRegion"] == REGION
    assert audit.refusal("get_trail", Name="audit", **away) == "TrailNotFoundException"
    assert audit.ask("get_trail_status", Name=ARN, **away)["IsLogging"] is False
    assert audit.ask("get_event_selectors", TrailName=ARN, **away)["TrailARN"] == ARN
    assert [one["TrailARN"] for one in audit.ask("describe_trails", **away)["trailList"]] == [ARN]
    assert audit.ask("describe_trails", includeShadowTrails=False, **away) == {"trailList": []}
    assert audit.ask("describe_trails", includeShadowTrails=False, trailNameList=[ARN], **away) == {"trailList": []}
    assert len(audit.ask("list_trails", **away)["Trails"]) == 1
    for operation in ("update_trail", "delete_trail", "start_logging", "stop_logging"):
        assert audit.refusal(operation, Name=ARN, **away) == "InvalidHomeRegionException"
        assert audit.refusal(operation, Name="audit", **away) == "TrailNotFoundException"


def test_unknown_trails_and_arns_of_nothing(audit: TrailServer) -> None:
    with pytest.raises(Refused) as refused:
        audit.ask("get_trail", Name="missing")
    assert refused.value.message == f"Unknown trail: missing for the user: {ACCOUNT}"
    for operation in ("get_trail_status", "start_logging", "stop_logging", "delete_trail"):
        with pytest.raises(Refused) as refused:
            audit.ask(operation, Name="missing")
        assert refused.value.code == "TrailNotFoundException"
        arn = ARN.replace("audit", "missing")
        assert refused.value.message == f"Unknown trail: {arn} for the user: {ACCOUNT}"
    for wrong in (
        "arn:aws:cloudtrail",
        "arn:aws:s3:::bucket",
        ARN.replace("trail/", "channel/"),
        "arn:aws:cloudtrail:x:1:trail/abc",
        ARN.replace("arn:aws:", "arn:aws-cn:"),
    ):
        assert audit.refusal("get_trail", Name=wrong) == "CloudTrailARNInvalidException"
    assert audit.refusal("get_trail", Name=ARN, account=STRANGER) == "TrailNotFoundException"
    assert audit.refusal("stop_logging", Name=ARN, account=STRANGER) == "TrailNotFoundException"
    named = audit.ask("describe_trails", trailNameList=["missing", "audit", ARN])["trailList"]
    assert [one["TrailARN"] for one in named] == [ARN]
    assert audit.refusal("describe_trails", trailNameList=["a!b"]) == "InvalidTrailNameException"


def test_starting_and_stopping(audit: TrailServer) -> None:
    retired = [
        "LatestDeliveryAttemptTime",
        "LatestNotificationAttemptTime",
        "LatestNotificationAttemptSucceeded",
        "LatestDeliveryAttemptSucceeded",
        "TimeLoggingStarted",
        "TimeLoggingStopped",
    ]
    assert audit.answer_of("get_trail_status", Name="audit") == {"IsLogging": False} | dict.fromkeys(retired, "")
    assert audit.ask("start_logging", Name="audit") == {}
    status = audit.ask("get_trail_status", Name="audit")
    assert status["IsLogging"] is True and "StopLoggingTime" not in status
    assert status["TimeLoggingStarted"] == status["StartLoggingTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
    audit.clock.advance(10)
    audit.ask("start_logging", Name="audit")  # it logs already: nothing changes
    assert audit.ask("get_trail_status", Name="audit") == status
    assert audit.ask("stop_logging", Name="audit") == {}
    stopped = audit.ask("get_trail_status", Name="audit")
    assert stopped["IsLogging"] is False and stopped["StopLoggingTime"] > status["StartLoggingTime"]
    audit.ask("stop_logging", Name="audit")
    audit.ask("start_logging", Name="audit")
    again = audit.ask("get_trail_status", Name="audit")
    assert again["StopLoggingTime"] == stopped["StopLoggingTime"] and again["IsLogging"] is True


def test_the_record_of_a_stop_is_the_last_that_the_trail_judges(audit: TrailServer) -> None:
    catalog = Trails(audit.engine)
    audit.ask("start_logging", Name="audit")
    audit.ask("stop_logging", Name="audit")
    stop = catalog.find(ARN)
    assert stop is not None
    assert audit.records()[stop.from_position - 1]["eventName"] == "StopLogging"
    audit.ask("delete_trail", Name="audit")
    last = catalog.all_versions()[-1]
    assert last.deleted and audit.records()[last.from_position - 1]["eventName"] == "DeleteTrail"
    assert audit.refusal("get_trail", Name="audit") == "TrailNotFoundException"
    assert audit.ask("create_trail", Name="audit", S3BucketName="logs")["TrailARN"] == ARN


def test_nothing_is_stopped_that_could_not_be_recorded(audit: TrailServer) -> None:
    audit.ask("start_logging", Name="audit")
    audit.writable = False
    with pytest.raises(Refused):
        audit.ask("stop_logging", Name="audit")
    audit.writable = True
    assert audit.ask("get_trail_status", Name="audit")["IsLogging"] is True


def test_an_organization_s_trail_is_its_manager_s(organized: TrailServer, cloud: Cloud) -> None:
    acl, own = bucket_statements("logs")
    of_all = bucket_statements("logs", owner=ORGANIZATION)[1]
    name = {"Name": "audit", "S3BucketName": "logs", "IsOrganizationTrail": True}
    assert organized.refusal("create_trail", account=STRANGER, **name) == "OrganizationsNotInUseException"
    assert organized.refusal("create_trail", account=MEMBER, **name) == "NotOrganizationMasterAccountException"
    cloud.bucket("logs", acl, own)
    assert organized.refusal("create_trail", **name) == "InsufficientS3BucketPolicyException"
    cloud.client("s3").delete_bucket(Bucket="logs")
    cloud.bucket("logs", acl, own, of_all)
    assert organized.ask("create_trail", IsMultiRegionTrail=True, **name)["IsOrganizationTrail"] is True
    member = {"account": MEMBER}
    assert [one["TrailARN"] for one in organized.ask("describe_trails", **member)["trailList"]] == [ARN]
    assert organized.ask("get_trail_status", Name=ARN, **member)["IsLogging"] is False
    assert organized.refusal("get_trail_status", Name="audit", **member) == "TrailNotFoundException"
    assert organized.refusal("stop_logging", Name=ARN, **member) == "NotOrganizationMasterAccountException"
    assert organized.refusal("get_trail", Name=ARN, account=STRANGER) == "TrailNotFoundException"
    organized.ask("update_trail", Name="audit", IsOrganizationTrail=False)
    assert organized.ask("describe_trails", **member) == {"trailList": []}


def test_there_is_no_organization_unless_one_is_configured(trails: TrailServer) -> None:
    code = trails.refusal("create_trail", Name="audit", S3BucketName="logs", IsOrganizationTrail=True)
    assert code == "OrganizationsNotInUseException"
