"""Every rule and limit of event selectors, and that what was set is what is answered."""

from typing import Any

import pytest

from opentrail.catalog.event_selectors import DEFAULT_SELECTORS, AdvancedSelector, FieldSelector
from opentrail.selectors.faults import InvalidEventSelectors
from opentrail.selectors.reading import are_custom, read_selectors, write_selectors

MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
DATA = {"Field": "eventCategory", "Equals": ["Data"]}
NETWORK = {"Field": "eventCategory", "Equals": ["NetworkActivity"]}
OBJECTS = {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}
EC2 = {"Field": "eventSource", "Equals": ["ec2.amazonaws.com"]}


def basic(**members: Any) -> dict[str, Any]:
    return {"EventSelectors": [members]}


def values(kind: str, *given: str) -> dict[str, Any]:
    return basic(DataResources=[{"Type": kind, "Values": list(given)}])


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"Name": "n", "FieldSelectors": list(fields)}]}


def refused(parameters: dict[str, Any]) -> str:
    with pytest.raises(InvalidEventSelectors) as fault:
        read_selectors(parameters)
    assert fault.value.code == "InvalidEventSelectorsException"
    return fault.value.message


def test_omitted_members_are_a_fresh_trail_s() -> None:
    assert read_selectors(basic()) == DEFAULT_SELECTORS
    assert not are_custom(DEFAULT_SELECTORS)
    assert write_selectors(DEFAULT_SELECTORS) == {
        "EventSelectors": [
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [],
                "ExcludeManagementEventSources": [],
            }
        ]
    }


@pytest.mark.parametrize(
    "parameters",
    [
        basic(
            ReadWriteType="WriteOnly",
            IncludeManagementEvents=False,
            DataResources=[
                {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3", "arn:aws:s3:::bkt/", "arn:aws:s3:::bkt/img"]},
                {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]},
                {"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb:eu-west-1:111122223333:table/Music"]},
            ],
            ExcludeManagementEventSources=["kms.amazonaws.com", "rdsdata.amazonaws.com"],
        ),
        {
            "AdvancedEventSelectors": [
                {
                    "Name": "mgmt writes",
                    "FieldSelectors": [
                        MANAGEMENT,
                        {"Field": "readOnly", "Equals": ["false"]},
                        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
                    ],
                },
                {
                    "Name": "deletes",
                    "FieldSelectors": [
                        DATA,
                        OBJECTS,
                        {"Field": "eventName", "StartsWith": ["DeleteObject"], "NotEndsWith": ["Tagging"]},
                        {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::amzn-s3-demo-bucket/"]},
                        {
                            "Field": "userIdentity.arn",
                            "NotStartsWith": ["arn:aws:sts::111122223333:assumed-role/Backup/"],
                        },
                        {"Field": "sessionCredentialFromConsole", "Equals": ["true"]},
                    ],
                },
                {
                    "Name": "denied",
                    "FieldSelectors": [
                        NETWORK,
                        EC2,
                        {"Field": "errorCode", "Equals": ["VpceAccessDenied"]},
                        {"Field": "vpcEndpointId", "EndsWith": ["1"]},
                    ],
                },
            ]
        },
    ],
)
def test_what_was_set_is_answered(parameters: dict[str, Any]) -> None:
    selectors = read_selectors(parameters)
    assert write_selectors(selectors) == parameters
    assert are_custom(selectors)


def test_a_selector_without_a_name_has_none() -> None:
    selectors = read_selectors({"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}]})
    assert selectors.advanced == (AdvancedSelector((FieldSelector("eventCategory", equals=("Management",)),)),)


def test_one_kind_is_set_and_not_both() -> None:
    assert refused({})
    assert refused(basic() | advanced(MANAGEMENT))
    assert refused({"EventSelectors": []})
    assert refused({"AdvancedEventSelectors": []})


def test_five_basic_selectors_are_the_most() -> None:
    assert len(read_selectors({"EventSelectors": [{}] * 5}).basic) == 5
    assert refused({"EventSelectors": [{}] * 6})


def test_250_data_resources_are_the_most_over_all_selectors() -> None:
    def spread(*counts: int) -> dict[str, Any]:
        return {
            "EventSelectors": [
                {
                    "DataResources": [
                        {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::bkt/{n}" for n in range(count)]}
                    ]
                }
                for count in counts
            ]
        }

    read_selectors(spread(125, 125))
    assert "250" in refused(spread(125, 126))
    everything = spread(250)
    everything["EventSelectors"][0]["DataResources"].append(
        {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}
    )
    read_selectors(everything)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("AWS::S3::Object", "arn:aws:s3:::*"),
        ("AWS::S3::Object", "arn:aws:s3:::bkt"),
        ("AWS::S3::Object", "arn:aws:s3:::bkt/*"),
        ("AWS::S3::Object", "bkt/"),
        ("AWS::S3::Object", "arn:aws:lambda"),
        ("AWS::S3::Object", ""),
        ("AWS::Lambda::Function", "arn:aws:lambda:::"),
        ("AWS::Lambda::Function", "arn:aws:lambda:eu-west-1:111122223333:function"),
        ("AWS::Lambda::Function", "arn:aws:lambda:eu-west-1:111122223333:function:*"),
        ("AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-1:111122223333:table/"),
        ("AWS::DynamoDB::Table", "Music"),
    ],
)
def test_data_resources_are_arns_or_what_stands_for_all(kind: str, value: str) -> None:
    assert refused(values(kind, value)) == f"Value {value} for DataResources.Values is invalid."


def test_data_resources_name_something_of_a_type_that_basic_selectors_know() -> None:
    assert refused(values("AWS::S3::Object"))
    assert refused(values("AWS::SNS::Topic", "arn:aws:sns"))
    assert refused(basic(DataResources=[{"Values": ["arn:aws:s3"]}]))
    for known in (
        values("AWS::S3::Object", "arn:aws:s3:::"),
        values("AWS::Lambda::Function", "arn:aws:lambda:eu-west-1:111122223333:function:f:prod"),
    ):
        assert read_selectors(known).basic


def test_two_sources_can_be_excluded() -> None:
    assert refused(basic(ExcludeManagementEventSources=["s3.amazonaws.com"]))


@pytest.mark.parametrize(
    "fields",
    [
        [{"Field": "readOnly", "Equals": ["true"]}],  # no category
        [{"Field": "eventCategory", "Equals": ["Management", "Data"]}, OBJECTS],
        [{"Field": "eventCategory", "NotEquals": ["Management"]}],
        [{"Field": "eventCategory", "StartsWith": ["Man"]}],
        [{"Field": "eventCategory", "Equals": ["Insight"]}],
        [{"Field": "eventCategory", "Equals": ["ConfigurationItem"]}],
        [MANAGEMENT, MANAGEMENT],
        [MANAGEMENT, {"Field": "readOnly"}],
        [MANAGEMENT, {"Field": "readOnly", "Equals": ["maybe"]}],
        [MANAGEMENT, {"Field": "readOnly", "NotEquals": ["true"]}],
        [MANAGEMENT, {"Field": "eventSource", "Equals": ["kms.amazonaws.com"]}],
        [MANAGEMENT, {"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}],
        [MANAGEMENT, {"Field": "eventName", "Equals": ["CreateUser"]}],
        [MANAGEMENT, OBJECTS],
        [DATA],
        [DATA, {"Field": "resources.type", "Equals": ["AWS::S3::Object", "AWS::SNS::Topic"]}],
        [DATA, {"Field": "resources.type", "StartsWith": ["AWS::S3"]}],
        [DATA, {"Field": "resources.type", "Equals": ["S3"]}],
        [DATA, OBJECTS, {"Field": "vpcEndpointId", "Equals": ["vpce-1"]}],
        [DATA, OBJECTS, {"Field": "requestParameters", "Equals": ["x"]}],
        [DATA, OBJECTS, {"Field": "sessionCredentialFromConsole", "StartsWith": ["t"]}],
        [DATA, OBJECTS, {"Field": "eventName", "Equals": ["PutObject", "PutObject"]}],
        [DATA, OBJECTS, {"Field": "eventName", "Equals": ["PutObject"], "NotEquals": ["PutObject"]}],
        [NETWORK],
        [NETWORK, {"Field": "eventSource", "Equals": ["ec2.amazonaws.com", "s3.amazonaws.com"]}],
        [NETWORK, {"Field": "eventSource", "Equals": ["ec2"]}],
        [NETWORK, EC2, {"Field": "errorCode", "Equals": ["AccessDenied"]}],
        [NETWORK, EC2, {"Field": "errorCode", "NotEquals": ["VpceAccessDenied"]}],
    ],
)
def test_fields_that_no_selector_of_a_trail_may_have(fields: list[dict[str, Any]]) -> None:
    assert refused(advanced(*fields))


def test_500_values_are_the_most_over_all_advanced_selectors() -> None:
    def with_names(count: int) -> dict[str, Any]:
        # the categories and the type are values as well
        names = {"Field": "eventName", "Equals": [f"Call{number}" for number in range(count - 3)]}
        return {
            "AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}, {"FieldSelectors": [DATA, OBJECTS, names]}]
        }

    read_selectors(with_names(500))
    assert "500" in refused(with_names(501))


def test_types_that_aws_adds_tomorrow_are_taken() -> None:
    tomorrow = FieldSelector("resources.type", equals=("AWS::Tomorrow::Thing",))
    (read,) = read_selectors(advanced(DATA, {"Field": "resources.type", "Equals": ["AWS::Tomorrow::Thing"]})).advanced
    assert tomorrow in read.field_selectors
