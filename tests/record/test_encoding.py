"""Our own records: AWS's order, one line, within AWS's caps."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail import limits
from opentrail.record.encoding import TOP_LEVEL_ORDER, encode
from opentrail.record.faults import BadRecord
from opentrail.record.view import view

SMALL: dict[str, Any] = {"eventVersion": "1.11", "eventID": "a", "eventCategory": "Management"}


def test_order_of_fields_at_every_level() -> None:
    fields: dict[str, Any] = {name: {} for name in reversed(TOP_LEVEL_ORDER)}
    fields["eventCategory"] = "Management"
    fields["tlsDetails"] = {"keyExchange": "k", "clientProvidedHostHeader": "h", "cipherSuite": "c", "tlsVersion": "t"}
    fields["resources"] = [{"ARN": "arn:a", "type": "T", "accountId": "1"}]
    fields["userIdentity"] = {
        "invokedBy": "x",
        "sessionContext": {
            "sourceIdentity": "s",
            "attributes": {"creationDate": "d", "mfaAuthenticated": "false"},
            "sessionIssuer": {"userName": "u", "accountId": "1", "arn": "a", "principalId": "p", "type": "Role"},
        },
        "userName": "u",
        "accessKeyId": "k",
        "accountId": "1",
        "arn": "a",
        "principalId": "p",
        "type": "AssumedRole",
    }
    fields["requestParameters"] = {"b": 1, "a": 2}
    record = json.loads(encode(fields))
    assert list(record) == list(TOP_LEVEL_ORDER)
    assert list(record["userIdentity"]) == [
        "type", "principalId", "arn", "accountId", "accessKeyId", "userName", "sessionContext", "invokedBy",
    ]  # fmt: skip
    context = record["userIdentity"]["sessionContext"]
    assert list(context) == ["sessionIssuer", "attributes", "sourceIdentity"]
    assert list(context["sessionIssuer"]) == ["type", "principalId", "arn", "accountId", "userName"]
    assert list(record["tlsDetails"]) == ["tlsVersion", "cipherSuite", "clientProvidedHostHeader", "keyExchange"]
    assert list(record["resources"][0]) == ["accountId", "type", "ARN"]
    assert list(record["requestParameters"]) == ["b", "a"]


def test_genuine_records_come_out_in_their_own_order(sample_records: dict[str, list[bytes]]) -> None:
    for file in ("invictus", "opensearch"):
        for raw in sample_records[file]:
            record = json.loads(raw)
            shuffled = {name: record[name] for name in sorted(record)}
            assert list(json.loads(encode(shuffled))) == list(record)


def test_parameter_fields_are_always_there_and_other_nulls_are_not() -> None:
    assert encode(SMALL | {"errorCode": None, "vpcEndpointId": None}) == (
        b'{"eventVersion":"1.11","requestParameters":null,"responseElements":null,"eventID":"a","eventCategory":"Management"}'
    )
    assert b"requestParameters" not in encode(SMALL | {"eventCategory": "Insight"})
    assert b"requestParameters" not in encode(SMALL | {"eventCategory": "NetworkActivity"})


def test_unknown_fields_are_kept_at_the_end() -> None:
    assert list(json.loads(encode({"newField": 1, **SMALL})))[-1] == "newField"


@pytest.mark.parametrize("name", ["userAgent", "errorCode", "errorMessage", "requestID"])
def test_texts_are_cut_at_a_whole_character(name: str) -> None:
    record = json.loads(encode(SMALL | {name: "é" * 1000}))
    assert record[name] == "é" * 512
    assert json.loads(encode(SMALL | {name: "x" * 1024}))[name] == "x" * 1024


def test_large_parameters_become_null_and_other_large_fields_go() -> None:
    big = {"a": "x" * limits.PARAMETERS_BYTES}
    record = json.loads(
        encode(
            SMALL | {"requestParameters": big, "responseElements": {"b": 1}, "additionalEventData": {"c": "x" * 30_000}}
        )
    )
    assert record["requestParameters"] is None
    assert record["responseElements"] == {"b": 1}
    assert "additionalEventData" not in record
    fits = {"a": "x" * (limits.PARAMETERS_BYTES - len('{"a":""}'))}
    assert json.loads(encode(SMALL | {"requestParameters": fits}))["requestParameters"] == fits


def test_a_record_above_the_cap_loses_fields_in_aws_order() -> None:
    part = {"a": "x" * 99_000}
    fields = SMALL | {
        "requestID": "r",
        "requestParameters": part,
        "responseElements": part,
        "serviceEventDetails": part,
        "additionalEventData": {"a": "x" * 20_000},
        "errorMessage": "m",
    }
    record = json.loads(encode(fields))
    assert "requestID" not in record
    assert "additionalEventData" not in record
    assert "serviceEventDetails" not in record
    assert record["requestParameters"] == record["responseElements"] == part
    assert record["errorMessage"] == "m"
    assert len(encode(fields)) <= limits.RECORD_BYTES
    with pytest.raises(BadRecord, match="larger than 262144 bytes"):
        encode(SMALL | {"resources": [{"ARN": "x" * 300_000}]})


def test_a_thousand_keys_of_a_deletion_fit() -> None:
    arns = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::bucket/{'k' * 100}{number}"} for number in range(1000)]
    assert len(json.loads(encode(SMALL | {"resources": arns}))["resources"]) == 1000


def test_what_json_cannot_carry_is_replaced() -> None:
    nested: Any = "x"
    for _ in range(5000):
        nested = [nested]
    shallower: Any = "x"
    for _ in range(limits.RECORD_DEPTH):
        shallower = {"a": shallower}
    assert view(encode(SMALL | {"requestParameters": shallower})).eventID == "a"
    fields = SMALL | {
        "userAgent": "a\ud800b",
        "requestParameters": {"k\udcff": b"\xff", "s": {1}, "o": object, "d": nested},
    }
    raw = encode(fields)
    record = json.loads(raw)
    assert record["userAgent"] == "a?b"
    assert record["requestParameters"]["k?"] == "\ufffd"
    assert record["requestParameters"]["s"] == [1]
    assert view(raw).eventID == "a"


@given(st.dictionaries(st.sampled_from(TOP_LEVEL_ORDER), st.text() | st.none() | st.integers() | st.lists(st.text())))
def test_every_record_is_one_line_of_utf8_that_views_read(fields: dict[str, Any]) -> None:
    raw = encode(fields)
    assert b"\n" not in raw
    view(raw)
