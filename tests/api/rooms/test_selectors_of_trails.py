"""Event selectors, Insights and aggregations of trails over the wire."""

from typing import Any

import pytest

from tests.api.rooms.conftest import ACCOUNT, Refused, TrailServer
from tests.cloud import REGION, Cloud

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"
DEFAULT = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
CALLS, ERRORS = {"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}


@pytest.fixture
def audit(trails: TrailServer, cloud: Cloud) -> TrailServer:
    cloud.bucket("logs")
    trails.ask("create_trail", Name="audit", S3BucketName="logs", IsMultiRegionTrail=True)
    return trails


def custom(server: TrailServer) -> bool:
    return bool(server.ask("get_trail", Name="audit")["Trail"]["HasCustomEventSelectors"])


def test_one_kind_of_selectors_wipes_the_other(audit: TrailServer) -> None:
    assert audit.ask("get_event_selectors", TrailName="audit") == {"TrailARN": ARN, "EventSelectors": [DEFAULT]}
    assert not custom(audit)
    advanced = [{"Name": "reads", "FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}]}]
    expected: dict[str, Any] = {"TrailARN": ARN, "AdvancedEventSelectors": advanced}
    assert audit.ask("put_event_selectors", TrailName=ARN, AdvancedEventSelectors=advanced) == expected
    assert audit.ask("get_event_selectors", TrailName="audit") == expected
    assert custom(audit)
    data = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bucket/"]}]
    basic = {"TrailARN": ARN, "EventSelectors": [DEFAULT | {"DataResources": data}]}
    assert audit.ask("put_event_selectors", TrailName="audit", EventSelectors=[{"DataResources": data}]) == basic
    assert audit.ask("get_event_selectors", TrailName="audit") == basic
    audit.ask("put_event_selectors", TrailName="audit", EventSelectors=[{}])
    assert not custom(audit)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"EventSelectors": [{"ReadWriteType": "Some"}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": []}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "event-category", "Equals": ["Management"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT], "Name": "n" * 1001}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT | {"Equals": [""]}]}]},
        {"EventSelectors": [{}], "AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}]},
    ],
)
def test_selectors_that_no_trail_may_have(audit: TrailServer, parameters: dict[str, Any]) -> None:
    code = audit.refusal("put_event_selectors", TrailName="audit", **parameters)
    assert code == "InvalidEventSelectorsException"


def test_aws_s_words_for_a_wildcard(audit: TrailServer) -> None:
    wild = [{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::*"]}]}]
    with pytest.raises(Refused) as refused:
        audit.ask("put_event_selectors", TrailName="audit", EventSelectors=wild)
    assert refused.value.message == "Value arn:aws:s3:::* for DataResources.Values is invalid."


def test_selectors_are_set_at_home(audit: TrailServer) -> None:
    away = {"region": "us-east-1", "TrailName": ARN}
    assert audit.refusal("put_event_selectors", EventSelectors=[{}], **away) == "InvalidHomeRegionException"
    assert audit.refusal("put_insight_selectors", InsightSelectors=[CALLS], **away) == "InvalidHomeRegionException"
    code = audit.refusal("put_event_configuration", AggregationConfigurations=[], **away)
    assert code == "InvalidHomeRegionException"
    assert audit.refusal("get_event_selectors", TrailName="missing") == "TrailNotFoundException"


def test_insights_are_switched_on_and_off(audit: TrailServer) -> None:
    with pytest.raises(Refused) as refused:
        audit.ask("get_insight_selectors", TrailName="audit")
    assert refused.value.code == "InsightNotEnabledException"
    assert refused.value.message == (
        f"Trail {ARN} does not have Insights enabled. Edit the trail settings to enable Insights, "
        "and then try the operation again."
    )
    management = {"EventCategories": ["Management"]}
    expected = {"TrailARN": ARN, "InsightSelectors": [CALLS | management, ERRORS | management]}
    assert audit.ask("put_insight_selectors", TrailName="audit", InsightSelectors=[CALLS, ERRORS]) == expected
    assert audit.ask("get_insight_selectors", TrailName=ARN) == expected
    assert audit.ask("get_trail", Name="audit")["Trail"]["HasInsightSelectors"] is True
    assert audit.ask("put_insight_selectors", TrailName="audit", InsightSelectors=[])["InsightSelectors"] == []
    assert audit.ask("get_trail", Name="audit")["Trail"]["HasInsightSelectors"] is False
    assert audit.refusal("get_insight_selectors", TrailName="audit") == "InsightNotEnabledException"


@pytest.mark.parametrize(
    ("selectors", "possible"),
    [
        ({"EventSelectors": [{}]}, {"calls", "errors"}),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, {"calls", "errors"}),
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}, {"errors"}),
        ({"EventSelectors": [{"IncludeManagementEvents": False}]}, set()),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}]}]},
            {"errors"},
        ),
        (
            {
                "EventSelectors": [
                    {
                        "IncludeManagementEvents": False,
                        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
                    }
                ]
            },
            {"data"},
        ),
        (
            {
                "AdvancedEventSelectors": [
                    {
                        "FieldSelectors": [
                            {"Field": "eventCategory", "Equals": ["Data"]},
                            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                        ]
                    }
                ]
            },
            {"data"},
        ),
    ],
)
def test_insights_are_of_what_the_trail_logs(audit: TrailServer, selectors: dict[str, Any], possible: set[str]) -> None:
    audit.ask("put_event_selectors", TrailName="audit", **selectors)
    kinds = {"calls": CALLS, "errors": ERRORS, "data": CALLS | {"EventCategories": ["Data"]}}
    for name, insight in kinds.items():
        if name in possible:
            audit.ask("put_insight_selectors", TrailName="audit", InsightSelectors=[insight])
        else:
            code = audit.refusal("put_insight_selectors", TrailName="audit", InsightSelectors=[insight])
            assert code == "InvalidInsightSelectorsException", name


def test_insight_selectors_that_make_no_sense(audit: TrailServer, cloud: Cloud) -> None:
    for wrong in ([{"InsightType": "Other"}], [{}], [CALLS, CALLS], [CALLS | {"EventCategories": ["Data", "Data"]}]):
        code = audit.refusal("put_insight_selectors", TrailName="audit", InsightSelectors=wrong)
        assert code == "InvalidInsightSelectorsException"
    store = "arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/11111111-2222-3333-4444-555555555555"
    both = {"TrailName": "audit", "EventDataStore": store, "InsightSelectors": [CALLS]}
    assert audit.refusal("put_insight_selectors", **both) == "InvalidParameterCombinationException"
    assert audit.refusal("get_insight_selectors") == "InvalidParameterException"
    assert audit.refusal("get_insight_selectors", EventDataStore=store) == "EventDataStoreNotFoundException"
    cloud.client("s3").delete_bucket_policy(Bucket="logs")
    code = audit.refusal("put_insight_selectors", TrailName="audit", InsightSelectors=[CALLS])
    assert code == "InsufficientS3BucketPolicyException"


def test_aggregations(audit: TrailServer) -> None:
    assert audit.ask("get_event_configuration", TrailName="audit")["AggregationConfigurations"] == []
    wanted = [{"EventCategory": "Data", "Templates": ["API_ACTIVITY", "USER_ACTIONS"]}]
    put = audit.ask("put_event_configuration", TrailName="audit", AggregationConfigurations=wanted)
    assert (
        put
        == audit.ask("get_event_configuration", TrailName=ARN)
        == {
            "TrailARN": ARN,
            "AggregationConfigurations": wanted,
        }
    )
    refused = {
        "InvalidParameterException": [
            {"TrailName": "audit"},
            {"AggregationConfigurations": wanted},
            {"TrailName": "audit", "AggregationConfigurations": [wanted[0] | {"Templates": ["OTHER"]}]},
            {"TrailName": "audit", "AggregationConfigurations": wanted * 2},
        ],
        "InvalidParameterCombinationException": [
            {"TrailName": "audit", "EventDataStore": "x", "AggregationConfigurations": wanted},
            {"TrailName": "audit", "MaxEventSize": "Large"},
        ],
    }
    for code, calls in refused.items():
        for parameters in calls:
            assert audit.refusal("put_event_configuration", **parameters) == code
