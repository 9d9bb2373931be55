"""Views: fast on sound records, lenient on odd ones, plain about the rest."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail import limits
from opentrail.record.envelope import envelope, read_envelope
from opentrail.record.faults import BadRecord
from opentrail.record.view import RecordView, generic, insight, is_object, session, view, views


def of(record: Any) -> RecordView:
    return view(json.dumps(record).encode())


def test_all_sample_records_read_as_python_reads_them(all_records: list[bytes]) -> None:
    assert len(all_records) == 4227
    raw_fields = {"requestParameters", "responseElements", "additionalEventData", "tlsDetails", "serviceEventDetails"}
    for raw in all_records:
        record, seen = json.loads(raw), view(raw)
        for name in RecordView.__struct_fields__:
            told = getattr(seen, name)
            if name in raw_fields or isinstance(told, msgspec.Raw):
                assert generic(told) == record.get(name)
                assert bytes(told) in raw
            elif isinstance(told, bool | str):
                assert told == record[name] or (told, record[name]) == ("true", True)
        if isinstance(record.get("userIdentity"), dict):
            assert seen.userIdentity is not None
            assert seen.userIdentity.type == record["userIdentity"].get("type")
            assert seen.userIdentity.accessKeyId == record["userIdentity"].get("accessKeyId")
        if record.get("resources"):
            assert [entry.ARN for entry in seen.resources or ()] == [entry.get("ARN") for entry in record["resources"]]


def test_batches_give_the_same(all_records: list[bytes]) -> None:
    together = views([*all_records, b"[]"])
    assert [told.eventID for told in together[:-1] if isinstance(told, RecordView)] == [
        view(raw).eventID for raw in all_records
    ]
    assert isinstance(together[-1], BadRecord)
    odd = views(iter([b'{"eventID":"a","readOnly":"true"}', b'{"eventID":"b"}', b'{"eventID":"\xff"}']))
    assert [(told.eventID, told.readOnly) for told in odd if isinstance(told, RecordView)] == [("a", True), ("b", None)]
    assert isinstance(odd[2], BadRecord)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("readOnly", "true", True),
        ("readOnly", "False", False),
        ("readOnly", 1, True),
        ("readOnly", "perhaps", None),
        ("managementEvent", "false", False),
        ("sessionCredentialFromConsole", True, "true"),
        ("recipientAccountId", 111122223333, "111122223333"),
        ("eventVersion", 1.08, "1.08"),
        ("eventName", None, None),
        ("errorCode", ["a"], '["a"]'),
        ("userIdentity", "root", None),
        ("userIdentity", None, None),
        ("resources", "none", None),
        ("eventName", "\ud800x", "\ufffdx"),
        ("eventName", "\U00010348 한", "\U00010348 한"),
    ],
)
def test_odd_types_are_read_as_far_as_they_can_be(field: str, value: object, told: object) -> None:
    seen = of({"eventID": "a", field: value})
    assert getattr(seen, field) == told
    assert seen.eventID == "a"


def test_parameters_may_be_anything() -> None:
    text = of({"eventID": "a", "requestParameters": "a text", "readOnly": "true"})
    assert generic(text.requestParameters) == "a text"
    assert not is_object(text.requestParameters)
    absent = of({"eventID": "a", "responseElements": None})
    assert bytes(absent.requestParameters) == b""
    assert bytes(absent.responseElements) == b"null"
    assert generic(absent.requestParameters) is generic(absent.responseElements) is None
    numbers = view(b'{"requestParameters":{"a":1e999,"b":-1e999,"c":' + b"9" * 400 + b"}}")
    assert generic(numbers.requestParameters)["a"] == float("inf")


def test_identities_and_resources_of_odd_types() -> None:
    seen = of(
        {
            "userIdentity": {"type": "IAMUser", "accountId": 56392974792, "userName": "\udcff", "sessionContext": 7},
            "resources": [{"ARN": "arn:a", "accountId": 5}, "text", None, {"ARNPrefix": "arn:b/", "extra": {}}],
        }
    )
    assert seen.userIdentity is not None
    assert (seen.userIdentity.accountId, seen.userIdentity.userName) == ("56392974792", "\ufffd")
    assert session(seen.userIdentity) is None
    assert [(entry.ARN, entry.ARNPrefix, entry.accountId) for entry in seen.resources or ()] == [
        ("arn:a", None, "5"),
        (None, "arn:b/", None),
    ]
    assert [entry.ARN for entry in of({"resources": {"ARN": "arn:a"}, "readOnly": "no"}).resources or ()] == ["arn:a"]


def test_sessions_and_insights() -> None:
    seen = of(
        {
            "userIdentity": {
                "type": "AssumedRole",
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "userName": "Deployer", "new": []},
                    "attributes": {"mfaAuthenticated": "false"},
                    "sourceIdentity": "dana",
                    "ec2RoleDelivery": 2.0,
                },
                "inScopeOf": {},
            },
            "insightDetails": {"state": "Start", "eventName": "SendCommand", "insightContext": {"a": 0.0000882145}},
        }
    )
    assert seen.userIdentity is not None
    context = session(seen.userIdentity)
    assert context is not None and context.sessionIssuer is not None
    assert (context.sessionIssuer.userName, context.sourceIdentity, context.ec2RoleDelivery) == (
        "Deployer",
        "dana",
        "2.0",
    )
    assert generic(context.attributes) == {"mfaAuthenticated": "false"}
    details = insight(seen)
    assert details is not None and (details.state, details.eventName) == ("Start", "SendCommand")
    assert insight(of({})) is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"a":1', "not JSON"),
        (b'{"a":NaN}', "NaN is no JSON number"),
        (b'{"a":-Infinity}', "-Infinity is no JSON number"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\xff"}', "not UTF-8 .byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":"\x01"}', "not JSON"),
        (b'{"a":1} {"b":2}', "not JSON"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 100 levels deep"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "nested more than 100 levels deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested more than 100 levels deep"),
        (b'{"a":"' + b"x" * limits.FOREIGN_RECORD_BYTES + b'"}', "larger than 1048576 bytes"),
    ],
)
def test_refuses_what_is_no_record_in_plain_words(raw: bytes, reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        view(raw)


def test_depth_is_counted_outside_strings_only() -> None:
    assert view(b'{"eventID":"a","x":"' + b"[" * 5000 + b'"}').eventID == "a"
    assert view(b'{"eventID":"a","x":[' + b"[]," * 5000 + b"1]}").eventID == "a"
    assert view(b'{"eventID":"a","x":' + b"[" * 99 + b"]" * 99 + b"}").eventID == "a"


def test_the_last_of_duplicate_keys_counts() -> None:
    assert view(b'{"eventID":"a","eventID":"b","readOnly":"true"}').eventID == "b"
    assert view(b'{"eventID":"a","eventID":"b"}').eventID == "b"


@given(
    st.dictionaries(
        st.sampled_from(RecordView.__struct_fields__) | st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "ARN", "accountId"]), inner),
            max_leaves=8,
        ),
    )
)
def test_no_record_of_any_types_gets_past_or_crashes(record: dict[str, object]) -> None:
    raw = json.dumps(record).encode()
    try:
        seen = view(raw)
    except BadRecord as fault:
        assert "JSON number" in fault.reason
    else:
        for name in RecordView.__struct_fields__:
            told = getattr(seen, name)
            if isinstance(told, str):
                told.encode()


@given(st.binary())
def test_no_bytes_crash_a_view(raw: bytes) -> None:
    try:
        assert isinstance(view(raw), RecordView)
    except BadRecord as fault:
        assert fault.reason


def test_a_record_of_the_first_version_is_known_by_what_it_says() -> None:
    record = {"eventVersion": "1.0", "eventTime": "2014-03-04T10:15:31Z", "eventName": "StopInstances", "n": "a  b"}
    laid_out, compact = json.dumps(record, indent=2).encode(), json.dumps(record, separators=(",", ":")).encode()
    other = json.dumps(record | {"n": "a b"}).encode()
    assert UUID(view(compact).eventID).version == 5
    assert view(laid_out).eventID == view(compact).eventID != view(other).eventID
    assert [told.eventID for told in views([compact, other])] == [view(compact).eventID, view(other).eventID]
    assert envelope(view(compact)).event_id == read_envelope(compact).event_id == view(compact).eventID


def test_later_records_are_given_no_id() -> None:
    assert of({"eventVersion": "1.01", "eventName": "StopInstances"}).eventID is None
    assert of({"eventVersion": "1.0", "eventName": "PutObject", "eventId": "b"}).eventID is None
