"""The projection says what the view says, whatever the record."""

import json
from pathlib import Path
from typing import Any

import pytest

from opentrail.record.derived import caller_name, listed, resources, username
from opentrail.record.projection import Projection, projections
from opentrail.record.view import view

PLAIN = [name for name in Projection.__struct_fields__ if name not in ("userIdentity", "responseElements", "resources")]


def projected(raw: bytes) -> tuple[object, ...]:
    """What a projection says of a record: its plain members, its caller, its resources."""
    (found,) = projections([raw])
    caller = found.userIdentity
    plain = {name: getattr(found, name) for name in PLAIN}
    return plain, caller and caller_name(caller), caller and caller.accessKeyId, list(listed(found))


def viewed(raw: bytes) -> tuple[object, ...]:
    """The same of a view."""
    seen = view(raw)
    key = seen.userIdentity and seen.userIdentity.accessKeyId
    return {name: getattr(seen, name) for name in PLAIN}, username(seen), key, resources(seen)


def test_sample_records_twice(sample_data: Path) -> None:
    checked = 0
    for _ in range(2):  # the second time what was listed comes from the cache
        for file in sorted(sample_data.glob("records/*.jsonl")):
            for raw in file.read_bytes().splitlines():
                if raw.strip():
                    assert projected(raw) == viewed(raw)
                    checked += 1
    assert checked > 8000


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"readOnly": "true", "managementEvent": "false"},
        {"recipientAccountId": 111122223333},
        {"userIdentity": {"type": "IAMUser", "userName": "dana", "accountId": 1}},
        {"userIdentity": {"type": "IAMUser", "userName": 7, "accessKeyId": 8}},
        {"userIdentity": "root"},
        {"userIdentity": None},
        {"requestParameters": "text", "responseElements": "text"},
        {"responseElements": {"bucketName": "from-answer"}},
        {"responseElements": ["x"]},
        {"responseElements": {"bucketName": "half \ud800"}},
        {"errorMessage": "half \ud800"},
        {"resources": []},
        {"resources": None},
        {"resources": {"ARN": "arn:aws:s3:::single"}},
        {"resources": "none"},
        {"resources": [{"ARN": 5}, "x", {"ARN": "arn:aws:s3:::b/k", "type": "AWS::S3::Object", "accountId": 1}]},
        {"resources": [{"ARN": "arn:aws:s3:::b"}], "requestParameters": {"pad": "x" * 2000, "bucketName": "b"}},
        {"eventSource": None},
        {"eventSource": "elasticloadbalancing.amazonaws.com", "apiVersion": "2015-12-01"},
        {"annotation": {"deep": [[[]]]}, "unknown": 1.5},
    ],
)
def test_odd_records(odd: dict[str, Any]) -> None:
    record = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutBucketAcl",
        "requestParameters": {"bucketName": "asked-for", "loadBalancerName": "lb"},
        "responseElements": None,
        "userIdentity": {"type": "AssumedRole", "principalId": "AROA:someone", "accessKeyId": "ASIA1"},
    }
    raw = json.dumps(record | odd).encode()
    assert projected(raw) == viewed(raw)


def test_a_record_without_a_view_has_an_empty_projection_and_does_not_spoil_others() -> None:
    found = projections([b'{"eventName":"A"}', b"\xff not json", b'{"eventName":"B"}'])
    assert [record.eventName for record in found] == ["A", None, "B"]
    assert found[1] == Projection()
