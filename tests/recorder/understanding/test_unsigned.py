"""Calls without a signature: those that AWS takes so go on, all others are refused."""

import http.client
from collections.abc import Callable

import pytest
from botocore import UNSIGNED

from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.wire.service_models import available_services, service_model
from opentrail.wire.service_names import BEARER_SERVICES, UNSIGNED_OPERATIONS
from tests.recorder.rig import ACCOUNT, Arrived, RecorderServer, ScriptedUpstream


def test_the_table_is_that_of_the_models() -> None:
    unsigned: dict[str, frozenset[str]] = {}
    bearer = set()
    for service in available_services():
        model = service_model(service)
        named = frozenset(name for name in model.operation_names if model.operation_model(name).auth_type == "none")
        if named:
            unsigned[service] = named
        if "bearer" in f"{model.metadata.get('auth')} {model.metadata.get('signatureVersion')}".lower():
            bearer.add(service)
    assert unsigned == UNSIGNED_OPERATIONS
    assert bearer == BEARER_SERVICES


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "source"),
    [
        ("cognito-identity", "get_id", {"IdentityPoolId": "eu-west-1:pool"}, "cognito-identity"),
        ("cognito-idp", "sign_up", {"ClientId": "c", "Username": "u", "Password": "pass word"}, "cognito-idp"),
        ("sso-oidc", "register_client", {"clientName": "n", "clientType": "public"}, "sso"),
        ("sso", "list_accounts", {"accessToken": "secret-token"}, "sso"),
        (
            "sts",
            "assume_role_with_web_identity",
            {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "s1", "WebIdentityToken": "ttttt"},
            "sts",
        ),
    ],
)
def test_what_models_leave_unsigned_goes_on(
    service: str, operation: str, parameters: dict[str, str], source: str, recorder: RecorderServer,
    upstream: ScriptedUpstream,
) -> None:  # fmt: skip
    async def empty(arrived: Arrived) -> None:
        await arrived.body()
        body = b"<R><AssumeRoleWithWebIdentityResult/><ResponseMetadata/></R>" if service == "sts" else b"{}"
        await arrived.answer(200, body)

    upstream.script = empty
    getattr(recorder.client(service), operation)(**parameters)
    assert "Authorization" not in dict(upstream.arrived[0].headers)
    assert upstream.arrived[0].header("x-moto-account-id") == ACCOUNT
    record = recorder.record()
    assert record["eventSource"] == f"{source}.amazonaws.com"
    assert record["eventName"] == "".join(word.title() for word in operation.split("_"))
    assert "errorCode" not in record
    assert "secret-token" not in str(record) and "ttttt" not in str(record) and "pass word" not in str(record)


def test_other_unsigned_calls_are_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    for service, operation in (("sts", "get_caller_identity"), ("cognito-identity", "list_identity_pools")):
        client = recorder.client(service, signature_version=UNSIGNED)
        with pytest.raises(client.exceptions.ClientError):
            getattr(client, operation)(**({"MaxResults": 1} if service != "sts" else {}))
    assert not upstream.arrived
    assert {record["errorCode"] for record in recorder.records()} <= {
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    }


def test_bearer_tokens_go_only_to_who_verifies_them(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    strict = start()

    def ask(server: RecorderServer) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/session", None, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert ask(strict) == 403
    assert not upstream.arrived
    trusting = start(upstreams=[Upstream("rest", upstream.url, frozenset({"*"}), verify="upstream")])
    assert ask(trusting) == 200
    record = trusting.record()
    assert (record["eventSource"], record["eventName"]) == ("codecatalyst.amazonaws.com", "VerifySession")
