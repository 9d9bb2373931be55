"""Rules of the model, in AWS's words."""

import pytest

from opentrail.api.faults import SerializationFault
from opentrail.api.input_reading import read_structure
from opentrail.api.validation import lower_first, message, pattern_of, violations
from opentrail.wire.service_models import service_model


def shape(operation, service="cloudtrail"):
    return service_model(service).operation_model(operation).input_shape


def complaint(operation, **parameters):
    return message(violations(shape(operation), read_structure(shape(operation), parameters)))


def test_a_number_out_of_range():
    assert complaint("CreateEventDataStore", Name="store", RetentionPeriod=5) == (
        "1 validation error detected: Value '5' at 'retentionPeriod' failed to satisfy constraint: "
        "Member must have value greater than or equal to 7"
    )
    assert "less than or equal to 3653" in complaint("CreateEventDataStore", Name="store", RetentionPeriod=4000)


def test_several_errors_are_joined():
    assert complaint("CreateChannel", Name="a b", Source="", Destinations=[]) == (
        "3 validation errors detected: "
        "Value 'a b' at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9._\\-]+$; "
        "Value '' at 'source' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value '[]' at 'destinations' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )


def test_missing_members():
    assert complaint("CreateTrail", Name="x") == (
        "1 validation error detected: Value null at 's3BucketName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_members_of_lists_are_named_as_aws_names_them():
    text = complaint("AddTags", ResourceId="r", TagsList=[{"Key": "a", "Value": "b"}, {"Value": "c"}, None])
    assert "Value null at 'tagsList.2.member.key' failed" in text
    assert "Value null at 'tagsList.3.member' failed" in text


def test_enums():
    text = complaint("LookupEvents", LookupAttributes=[{"AttributeKey": "Name", "AttributeValue": "x"}])
    assert "Value 'Name' at 'lookupAttributes.1.member.attributeKey' failed to satisfy constraint" in text
    assert "Member must satisfy enum value set: [EventId, EventName" in text


def test_a_long_value_is_not_echoed_whole():
    text = complaint(
        "GetChannel", Channel="x" * 5000
    )  # fmt: skip
    assert len(text) < 600
    assert "x..." in text


def test_good_parameters_break_no_rule():
    parameters = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}], "MaxResults": 50}
    assert violations(shape("LookupEvents"), parameters) == []


def test_all_patterns_of_both_models_compile():
    count = 0
    for service in ("cloudtrail", "cloudtrail-data"):
        model = service_model(service)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            if pattern:
                pattern_of(pattern)
                count += 1
    assert count > 30
    key = service_model("cloudtrail").shape_for("PartitionKeyName").metadata["pattern"]
    assert pattern_of(key).fullmatch("name 😀")
    assert not pattern_of(key).fullmatch("\x00")


@pytest.mark.parametrize(
    ("operation", "parameters", "text"),
    [
        ("LookupEvents", {"MaxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ("LookupEvents", {"MaxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("LookupEvents", {"MaxResults": 1.5}, "NUMBER_VALUE can not be converted to an Integer"),
        ("LookupEvents", {"MaxResults": 2**31}, "NUMBER_VALUE can not be converted to an Integer"),
        ("LookupEvents", {"MaxResults": {}}, "Start of structure or map found where not expected."),
        ("LookupEvents", {"MaxResults": []}, "Start of list found where not expected"),
        ("LookupEvents", {"NextToken": 5}, "NUMBER_VALUE can not be converted to a String"),
        ("LookupEvents", {"NextToken": False}, "FALSE_VALUE can not be converted to a String"),
        ("LookupEvents", {"StartTime": "2026-03-04T10:15:31Z"}, "STRING_VALUE can not be converted to a Timestamp"),
        ("LookupEvents", {"StartTime": 1e300}, "NUMBER_VALUE can not be converted to a Timestamp"),
        ("LookupEvents", {"StartTime": True}, "TRUE_VALUE can not be converted to a Timestamp"),
        ("LookupEvents", {"LookupAttributes": {}}, "Start of structure or map found where not expected."),
        ("LookupEvents", {"LookupAttributes": ["x"]}, "Unexpected field type"),
        ("LookupEvents", {"LookupAttributes": [[]]}, "Start of list found where not expected"),
        ("CreateTrail", {"IsMultiRegionTrail": "true"}, "STRING_VALUE can not be converted to a Boolean"),
        ("StartQuery", {"QueryParameters": "x"}, "Unexpected field type"),
        ("ListInsightsData", {"Dimensions": []}, "Start of list found where not expected"),
    ],
)
def test_wrong_types_cannot_be_read(operation, parameters, text):
    with pytest.raises(SerializationFault) as raised:
        read_structure(shape(operation), parameters)
    assert raised.value.message == text


@pytest.mark.parametrize(
    ("sent", "us"),
    [
        (1772442000, 1_772_442_000_000_000),
        (1772442000.123, 1_772_442_000_123_000),
        (1.772442e9, 1_772_442_000_000_000),
        (-1, -1_000_000),
    ],
)
def test_times_come_as_numbers_of_any_form(sent, us):
    assert read_structure(shape("LookupEvents"), {"StartTime": sent})["StartTime"] == us


def test_absent_null_and_unknown_members():
    assert read_structure(shape("LookupEvents"), {"MaxResults": None, "Unknown": 1, "maxResults": 5}) == {}
    assert read_structure(shape("LookupEvents"), {"MaxResults": 5.0}) == {"MaxResults": 5}


def test_members_are_matched_as_the_model_spells_them():
    assert read_structure(shape("DescribeTrails"), {"trailNameList": ["a"]}) == {"trailNameList": ["a"]}


def test_only_the_first_letter_is_lowered():
    assert [lower_first(name) for name in ("S3BucketName", "TrailARN", "x", "")] == [
        "s3BucketName",
        "trailARN",
        "x",
        "",
    ]
