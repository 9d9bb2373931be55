"""What a trail gets: the reference's examples, Regions and accounts, our own deliveries, records with odd types."""

import json

import msgspec
import pytest

from opentrail.catalog.event_selectors import Aggregation, InsightSelector
from opentrail.selectors.coverage import DEFAULT_REGIONS
from opentrail.selectors.events import Events
from opentrail.selectors.matcher import trail_matcher
from opentrail.selectors.reading import read_selectors
from tests.selectors.making import ACCOUNT, REGION, REGIONS, chosen, events, s3_call, trail

WRITE = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "readOnly": False}
READ = {"eventSource": "iam.amazonaws.com", "eventName": "GetUser", "readOnly": True}
KMS = {"eventSource": "kms.amazonaws.com", "eventName": "ScheduleKeyDeletion", "readOnly": False}
PUT = s3_call("PutObject", "bkt", "img/a.png")
OTHER = s3_call("PutObject", "bkt2", "doc")

EXAMPLE = [
    {
        "Name": "mgmt writes",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "readOnly", "Equals": ["false"]},
            {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
        ],
    },
    {
        "Name": "deletes",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "eventName", "StartsWith": ["DeleteObject"]},
            {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::amzn-s3-demo-bucket/"]},
            {"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::111122223333:assumed-role/Backup/"]},
        ],
    },
]


def data(kind: str, *values: str) -> dict[str, object]:
    return {"EventSelectors": [{"DataResources": [{"Type": kind, "Values": list(values)}]}]}


def test_a_fresh_trail_gets_management_events_alone() -> None:
    network = {"eventCategory": "NetworkActivity"}
    insight, aggregated = {"eventCategory": "Insight"}, {"eventCategory": "Aggregated"}
    matcher = trail_matcher(trail(), REGIONS)
    assert matcher.selected(events(WRITE, READ, PUT, network, insight, aggregated, KMS)) == [0, 1, 6]


def test_a_fresh_trail_reads_no_record() -> None:
    unreadable = Events([ACCOUNT], [REGION], ["Management"], [b"not json"])
    assert trail_matcher(trail(), REGIONS).selected(unreadable) == [0]


def test_reads_or_writes() -> None:
    silent = {"eventSource": "x.amazonaws.com"}
    assert chosen({"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}, WRITE, READ, silent) == [1]
    assert chosen({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, WRITE, READ, silent) == [0, 2]


def test_excluded_sources_and_no_management_events() -> None:
    excluded = {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}
    assert chosen(excluded, WRITE, KMS) == [0]
    assert chosen({"EventSelectors": [{"IncludeManagementEvents": False}]}, WRITE, KMS) == []


def test_an_event_is_logged_when_any_selector_matches() -> None:
    reads_and_objects = {
        "EventSelectors": [
            {"ReadWriteType": "ReadOnly"},
            {
                "ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": False,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            },
        ]
    }
    got = s3_call("GetObject", "bkt", "k")
    assert chosen(reads_and_objects, WRITE, READ, PUT, got) == [1, 2]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("arn:aws:s3", [0, 1]),
        ("arn:aws:s3:::", [0, 1]),
        ("arn:aws:s3:::bkt/", [0]),
        ("arn:aws:s3:::bkt/img", [0]),
        ("arn:aws:s3:::bkt/imgs", []),
        ("arn:aws:s3:::bkt2/", [1]),
    ],
)
def test_objects_by_beginnings(value: str, expected: list[int]) -> None:
    assert chosen(data("AWS::S3::Object", value), PUT, OTHER) == expected


def test_calls_on_a_bucket_are_about_what_it_holds() -> None:
    listing = s3_call("ListObjects", "bkt", "")
    listing["resources"][0] = {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::bkt/img"}
    head = s3_call("HeadBucket", "bkt", "")
    del head["resources"][0]
    assert chosen(data("AWS::S3::Object", "arn:aws:s3:::bkt/"), listing, head) == [0, 1]
    assert chosen(data("AWS::S3::Object", "arn:aws:s3:::bkt/img"), listing, head) == [0]


def test_functions_and_tables_exactly() -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    calls = [
        {
            "eventCategory": "Data",
            "eventSource": "lambda.amazonaws.com",
            "eventName": "Invoke",
            "resources": [{"type": "AWS::Lambda::Function", "ARN": called}],
        }
        for called in (arn, arn + "2", arn + ":prod")
    ]
    assert chosen(data("AWS::Lambda::Function", arn), *calls) == [0]
    assert chosen(data("AWS::Lambda::Function", "arn:aws:lambda"), *calls, PUT) == [0, 1, 2]
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Music"
    item = {
        "eventCategory": "Data",
        "eventSource": "dynamodb.amazonaws.com",
        "resources": [{"type": "AWS::DynamoDB::Table", "ARN": table}],
    }
    assert chosen(data("AWS::DynamoDB::Table", table), item) == [0]
    assert chosen(data("AWS::DynamoDB::Table", table + "2"), item) == []


def test_the_reference_s_example() -> None:
    backup = {"userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/Backup/nightly"}}
    person = {"userIdentity": {"arn": "arn:aws:iam::111122223333:user/dana"}}
    calls = [
        WRITE,
        READ,
        KMS,
        s3_call("DeleteObject", "amzn-s3-demo-bucket", "k", **person),
        s3_call("DeleteObjects", "amzn-s3-demo-bucket", "k"),
        s3_call("DeleteObject", "amzn-s3-demo-bucket", "k", **backup),
        s3_call("DeleteObject", "other", "k", **person),
        s3_call("PutObject", "amzn-s3-demo-bucket", "k", **person),
    ]
    assert chosen({"AdvancedEventSelectors": EXAMPLE}, *calls) == [0, 3, 4]


def test_any_resource_of_the_selector_s_type_will_do_and_none_of_another() -> None:
    selector = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::a/"], "EndsWith": ["k", "bkt"]},
    ]
    copy = s3_call("CopyObject", "a", "k")
    copy["resources"].append({"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"})
    only_a = s3_call("PutObject", "a", "k")
    parameters = {"AdvancedEventSelectors": [{"FieldSelectors": selector}]}
    assert chosen(parameters, copy, only_a) == [0]


def test_data_events_without_resources_are_about_their_service() -> None:
    selector = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::CloudTrail::Channel"]},
    ]
    put = {"eventCategory": "Data", "eventSource": "cloudtrail-data.amazonaws.com", "eventName": "PutAuditEvents"}
    strange = {"eventCategory": "Data", "eventSource": "strange.amazonaws.com", "eventName": "Do"}
    parameters = {"AdvancedEventSelectors": [{"FieldSelectors": selector}]}
    assert chosen(parameters, put, strange, PUT) == [0]
    by_arn = [*selector, {"Field": "resources.ARN", "StartsWith": ["arn:"]}]
    assert chosen({"AdvancedEventSelectors": [{"FieldSelectors": by_arn}]}, put) == []


def test_network_activity() -> None:
    selector = [
        {"Field": "eventCategory", "Equals": ["NetworkActivity"]},
        {"Field": "eventSource", "Equals": ["ec2.amazonaws.com"]},
        {"Field": "errorCode", "Equals": ["VpceAccessDenied"]},
    ]
    denied = {"eventCategory": "NetworkActivity", "eventSource": "ec2.amazonaws.com", "errorCode": "VpceAccessDenied"}
    calls = [denied, denied | {"eventSource": "s3.amazonaws.com"}, {**denied, "errorCode": None}, WRITE]
    assert chosen({"AdvancedEventSelectors": [{"FieldSelectors": selector}]}, *calls) == [0]


def test_a_single_region_trail_has_its_home_s_events() -> None:
    abroad = WRITE | {"awsRegion": "us-west-2"}
    leading = WRITE | {"awsRegion": "us-east-1"}
    disabled = WRITE | {"awsRegion": "af-south-1"}
    records = events(WRITE, abroad, leading, disabled)
    assert trail_matcher(trail(), REGIONS).selected(records) == [0]
    assert trail_matcher(trail(multi_region=True), REGIONS).selected(records) == [0, 1, 2]
    assert trail_matcher(trail(multi_region=True), ["af-south-1"]).selected(records) == [3]
    assert len(DEFAULT_REGIONS) == len(set(DEFAULT_REGIONS)) == 17


def test_global_services_can_be_left_out_at_home_in_the_leading_region() -> None:
    at_home = {"awsRegion": "us-east-1"}
    queue = {"eventSource": "sqs.amazonaws.com", "eventName": "CreateQueue"} | at_home
    root = {"eventSource": "signin.amazonaws.com", "userIdentity": {"type": "Root"}} | at_home
    user = {"eventSource": "signin.amazonaws.com", "userIdentity": {"type": "IAMUser"}} | at_home
    records = events(WRITE | at_home, queue, root, user)
    home = trail(home_region="us-east-1")
    assert trail_matcher(home, REGIONS).selected(records) == [0, 1, 2, 3]
    assert trail_matcher(msgspec.structs.replace(home, include_global=False), REGIONS).selected(records) == [1, 3]


def test_accounts() -> None:
    member, stranger = WRITE | {"recipientAccountId": "222233334444"}, WRITE | {"recipientAccountId": "999999999999"}
    records = events(WRITE, member, stranger)
    assert trail_matcher(trail(), REGIONS, ["222233334444"]).selected(records) == [0]
    assert trail_matcher(trail(organization_id="o-exampleorg"), REGIONS, ["222233334444"]).selected(records) == [0, 1]


def test_our_own_deliveries_can_be_left_out() -> None:
    ours = {"userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}}
    put, read = s3_call("PutObject", "bkt", "log", **ours), s3_call("GetObject", "bkt", "log", **ours)
    logs = {"eventCategory": "Data", "eventSource": "logs.amazonaws.com", "eventName": "PutLogEvents"} | ours
    check = {"eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl"} | ours
    selectors = read_selectors(data("AWS::S3::Object", "arn:aws:s3"))
    records = events(put, read, logs, check, PUT)
    assert trail_matcher(trail(selectors), REGIONS).selected(records) == [0, 1, 3, 4]
    assert trail_matcher(trail(selectors, recursive_logging=False), REGIONS).selected(records) == [1, 3, 4]


def test_insights_and_aggregated_events_come_when_asked_for() -> None:
    records = events({"eventCategory": "Insight"}, {"eventCategory": "Aggregated"}, WRITE)
    insights = trail(insight_selectors=(InsightSelector("ApiCallRateInsight"),))
    assert trail_matcher(insights, REGIONS).selected(records) == [0, 2]
    aggregated = trail(aggregations=(Aggregation("Data", ("API_ACTIVITY",)),))
    assert trail_matcher(aggregated, REGIONS).selected(records) == [1, 2]


def test_records_with_odd_types_are_judged_by_what_they_mean() -> None:
    odd = {"eventSource": "s3.amazonaws.com", "eventName": "PutObject", "readOnly": "false", "errorCode": 5}
    odd["resources"] = {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::bkt/k", "accountId": 111122223333}
    odd["eventCategory"] = "Data"
    nothing = Events([ACCOUNT], [REGION], ["Data"], [json.dumps([1]).encode()])
    writes = {
        "EventSelectors": [
            {
                "ReadWriteType": "WriteOnly",
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bkt/"]}],
            }
        ]
    }
    assert chosen(writes, odd) == [0]
    assert trail_matcher(trail(read_selectors(writes)), REGIONS).selected(nothing) == []


def test_many_envelopes_do_not_fill_the_memory() -> None:
    matcher = trail_matcher(trail(), REGIONS)
    for start in range(0, 20_000, 1000):
        accounts = [str(number) for number in range(start, start + 1000)]
        strangers = Events(accounts, [REGION] * 1000, ["Management"] * 1000, [b"{}"] * 1000)
        assert matcher.selected(strangers) == []
    assert len(matcher._decisions) <= 6000
