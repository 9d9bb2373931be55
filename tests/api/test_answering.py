"""Answers as AWS writes them."""

import json

import pytest

from opentrail.api.answering import Stamp, epoch_seconds, refusal, success
from opentrail.api.faults import InvalidTimeRange, UnknownOperation
from opentrail.wire.service_models import service_model
from tests.api.conftest import parsed

ABOUT = Stamp("710b5355-a0ce-425d-8219-be5d46b12aeb", 1548204026.9)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (1_548_209_148_329_000, "1.548209148329E9"),
        (1_772_619_331_000_000, "1.772619331E9"),
        (1_772_619_330_000_000, "1.77261933E9"),
        (1_772_619_331_500_999, "1.7726193315E9"),
        (1_000_000_000_000_000, "1.0E9"),
        (10_000_000_000_000, "1.0E7"),
        (9_999_999_999_000, "9999999.999"),
        (0, "0.0"),
        (12_345_678_000, "12345.678"),
        (-1_500_000, "-1.5"),
    ],
)
def test_times_are_numbers_in_javas_form(us, text):
    assert epoch_seconds(us) == text
    assert float(text) == us // 1000 / 1000


def shape(operation):
    return service_model("cloudtrail").operation_model(operation).output_shape


def test_a_success_is_compact_and_leaves_out_what_is_not_set():
    response = success("cloudtrail", shape("GetTrailStatus"), {
        "IsLogging": False, "LatestDeliveryError": None, "StartLoggingTime": 1_548_209_148_329_000,
        "LatestDeliveryAttemptTime": "",
    }, ABOUT)  # fmt: skip
    assert response.body == b'{"IsLogging":false,"StartLoggingTime":1.548209148329E9,"LatestDeliveryAttemptTime":""}'
    assert response.headers == (
        ("x-amzn-RequestId", "710b5355-a0ce-425d-8219-be5d46b12aeb"),
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(response.body))),
        ("Date", "Wed, 23 Jan 2019 00:40:26 GMT"),
    )


def test_an_empty_output_is_two_bytes():
    assert success("cloudtrail", shape("StartLogging"), {}, ABOUT).body == b"{}"
    assert success("cloudtrail", None, {}, ABOUT).body == b"{}"


def test_blobs_are_padded_base64():
    body = success("cloudtrail", shape("ListPublicKeys"), {"PublicKeyList": [{"Value": b"\xff\xfe"}]}, ABOUT).body
    assert body == b'{"PublicKeyList":[{"Value":"//4="}]}'


def test_nested_times_and_maps():
    response = success("cloudtrail", shape("GetQueryResults"), {"QueryResultRows": [[{"a": "b"}]]}, ABOUT)
    assert json.loads(response.body) == {"QueryResultRows": [[{"a": "b"}]]}
    response = success("cloudtrail", shape("LookupEvents"), {"Events": [{"EventTime": 1_548_209_148_329_000}]}, ABOUT)
    assert parsed(response, "LookupEvents")["Events"][0]["EventTime"].isoformat() == "2019-01-23T02:05:48.329000+00:00"


def test_what_is_not_set_is_left_out_of_lists_too():
    kept, failed = [{"id": "a", "eventID": "e"}], [{"id": "b", "errorCode": "X", "errorMessage": None}]
    of_data = service_model("cloudtrail-data").operation_model("PutAuditEvents").output_shape
    body = success("cloudtrail-data", of_data, {"successful": kept, "failed": failed}, ABOUT).body
    assert body == b'{"successful":[{"id":"a","eventID":"e"}],"failed":[{"id":"b","errorCode":"X"}]}'
    with pytest.raises(KeyError):
        success("cloudtrail-data", of_data, {"successful": [{"id": "a", "secret": "s"}], "failed": []}, ABOUT)


def test_a_refusal_names_the_bare_exception():
    response = refusal("cloudtrail", InvalidTimeRange("x"), ABOUT)
    assert (response.status, response.body) == (400, b'{"__type":"InvalidTimeRangeException","message":"x"}')
    assert refusal("cloudtrail", UnknownOperation(), ABOUT).body == b'{"__type":"UnknownOperationException"}'
    response = refusal("cloudtrail-data", InvalidTimeRange("x"), ABOUT)
    assert response.body == b'{"message":"x"}'
    assert ("x-amzn-ErrorType", "InvalidTimeRangeException") in response.headers
