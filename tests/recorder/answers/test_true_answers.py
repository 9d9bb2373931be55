"""What is set right in answers, however the upstream has sent them; and what is left alone."""

import gzip
from collections.abc import Callable

import pytest

from opentrail.recorder.forwarding.upstreams import Upstream
from tests.recorder.rig import ACCOUNT, KEY, Arrived, RecorderServer, ScriptedUpstream

XML = ("content-type", "text/xml")
IDENTITY = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn>"
    b"<UserId>000000000000</UserId><Account>000000000000</Account></GetCallerIdentityResult>"
    b"<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)


def _upstream(url: str, signing: str) -> Upstream:
    if signing == "resign":
        return Upstream("u", url, frozenset({"*"}), "resign", "upstream-key", "upstream-secret")
    return Upstream("u", url, frozenset({"*"}))


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_an_upstream_that_sees_our_key_does_not_answer_who_calls(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream, coding: str
) -> None:
    async def answer(arrived: Arrived) -> None:
        await arrived.body()
        coded = [("content-encoding", "gzip")] if coding == "gzip" else []
        await arrived.answer(200, gzip.compress(IDENTITY) if coded else IDENTITY, XML, *coded)

    upstream.script = answer
    server = start(upstreams=[_upstream(upstream.url, "resign")])
    found = server.client("sts").get_caller_identity()
    assert (found["Account"], found["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    assert found["ResponseMetadata"]["RequestId"] == "r-1"


def test_an_upstream_that_knows_callers_itself_is_left_to_answer(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    async def answer(arrived: Arrived) -> None:
        await arrived.body()
        await arrived.answer(200, IDENTITY, XML)

    upstream.script = answer
    server = start(upstreams=[_upstream(upstream.url, "passthrough")])
    assert server.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_a_fault_is_left_as_it_is(start: Callable[..., RecorderServer], upstream: ScriptedUpstream) -> None:
    fault = (
        b"<ErrorResponse><Error><Code>Throttling</Code><Message><Account>1</Account></Message></Error></ErrorResponse>"
    )

    async def answer(arrived: Arrived) -> None:
        await arrived.body()
        await arrived.answer(400, fault, XML)

    upstream.script = answer
    server = start(upstreams=[_upstream(upstream.url, "resign")])
    _, _, body = server.call(
        "POST",
        "/",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        service="sts",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert body == fault


def test_credentials_that_are_somebodys_are_left_to_him(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    made = (
        b"<R><GetSessionTokenResult><Credentials><AccessKeyId>%b</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        b"<SessionToken>t</SessionToken><Expiration>2046-01-01T00:00:00Z</Expiration></Credentials>"
        b"</GetSessionTokenResult></R>"
    )
    key = b"ASIAEXAMPLETRUE00001"

    async def answer(arrived: Arrived) -> None:
        await arrived.body()
        await arrived.answer(200, made % key, XML)

    upstream.script = answer
    server = start(upstreams=[_upstream(upstream.url, "resign")])
    sts = server.client("sts")
    assert sts.get_session_token()["Credentials"]["AccessKeyId"] == key.decode()
    key = b"AKIAIOSFODNN7EXAMPLE"
    given = sts.get_session_token()["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA") and given["AccessKeyId"] != KEY
    assert server.access_keys.find("AKIAIOSFODNN7EXAMPLE") is None
    assert server.access_keys.find(given["AccessKeyId"]).session_token == given["SessionToken"]
