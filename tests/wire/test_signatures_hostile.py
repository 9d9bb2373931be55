"""Whatever a request claims about its signature, it is refused by name and nothing breaks."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentrail.wire.http import HttpRequest
from opentrail.wire.signature_errors import SignatureError
from opentrail.wire.sigv4 import read_signature, verify

latin = st.text(st.characters(max_codepoint=255), max_size=30)
date = st.sampled_from(["20260302T101500Z", "20269999T999999Z", "00000101T000000Z", "99991231T235959Z", ""]) | latin
http_dates = st.sampled_from(
    ["Mon, 02 Mar 2026 10:15:00 GMT", "Mon, 02 Mar 2026 10:15:00 -0000", "Fri, 31 Dec 9999 23:59:59 -2300", "1", ""]
)
credential = st.sampled_from(
    ["AK/20260302/us-east-1/s3/aws4_request", "AK/20260302/x/sns/aws4_request", "AK/99991231/x/s3/aws4_request"]
)
authorization = st.one_of(
    latin,
    latin.map(lambda text: f"AWS {text}"),
    st.tuples(latin, latin).map(lambda pair: f"AWS {pair[0]}:{pair[1]}"),
    latin.map(lambda text: f"AWS4-HMAC-SHA256 {text}"),
    st.tuples(credential, latin, latin).map(
        lambda parts: f"AWS4-HMAC-SHA256 Credential={parts[0]}, SignedHeaders=host;{parts[1]}, Signature={parts[2]}"
    ),
)
parameter = st.sampled_from(
    [f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")]
    + ["X-Amz-Security-Token", "x-amz-signature", "AWSAccessKeyId", "Signature", "Expires", "acl", "x-amz-acl"]
)
value = st.sampled_from(
    ["AWS4-HMAC-SHA256", "AK%2F20260302%2Fx%2Fs3%2Faws4_request", "20260302T101500Z", "60", "host", "%E2%82%AC", "1e9"]
)
query = st.lists(st.tuples(parameter | latin, value | latin), max_size=9).map(
    lambda pairs: "&".join(f"{name}={text}" for name, text in pairs)
)
full_query = st.tuples(date, value, value, query).map(
    lambda parts: (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260302%2Fx%2Fs3%2Faws4_request"
        f"&X-Amz-Date={parts[0]}&X-Amz-Expires={parts[1]}&X-Amz-SignedHeaders=host&X-Amz-Signature={parts[2]}&{parts[3]}"
    )
)
version_2_query = st.tuples(value, st.sampled_from(["1", "1772446500", "999999999999", "x"]), query).map(
    lambda parts: f"AWSAccessKeyId=A&Signature={parts[0]}&Expires={parts[1]}&{parts[2]}"
)


@settings(max_examples=600, deadline=None)
@given(
    authorization=st.none() | authorization,
    x_amz_date=st.none() | date,
    http_date=st.none() | http_dates | latin,
    payload=st.none() | st.sampled_from(["UNSIGNED-PAYLOAD", "STREAMING-X", "0" * 64, "STREAMING-AWS4-ECDSA-P256"]),
    query=st.just("") | query | full_query | version_2_query,
    path=latin,
)
def test_nothing_but_refusals(authorization, x_amz_date, http_date, payload, query, path):
    offered = {
        "host": "h",
        "authorization": authorization,
        "x-amz-date": x_amz_date,
        "date": http_date,
        "x-amz-content-sha256": payload,
    }
    headers = tuple((name, text) for name, text in offered.items() if text is not None)
    request = HttpRequest("GET", "/" + path, query, headers, "192.0.2.1", "http")
    try:
        signature = read_signature(request)
    except SignatureError as refusal:
        assert 400 <= refusal.status < 500
        return
    if signature is not None:
        with pytest.raises(SignatureError):
            verify(request, signature, "secret", "0" * 64, datetime(2026, 3, 2, 10, 15, tzinfo=UTC))
