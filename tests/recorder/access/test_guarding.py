"""The guards of an upstream: what they deny never reaches it, and is answered and recorded as the service would."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opentrail.accounts.policy import PolicyUnreadable
from opentrail.accounts.policy.guard import read_guard
from opentrail.recorder.forwarding.upstreams import Upstream
from tests.recorder.rig import (
    ACCOUNT,
    KEY,
    OTHER_ACCOUNT,
    SECRET,
    USER_KEY,
    USER_SECRET,
    RecorderServer,
    ScriptedUpstream,
)

Start = Callable[..., RecorderServer]
BUCKET = "arn:aws:s3:::audit"


def guarded(start: Start, upstream: ScriptedUpstream, *statements: dict[str, Any]) -> RecorderServer:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", **one} for one in statements]})
    guards = (read_guard(text, "guard"),)
    return start(
        upstreams=[
            Upstream("s3", upstream.url, frozenset({"s3"}), "resign", "k", "s", guards=guards),
            Upstream("rest", upstream.url, frozenset({"*"}), account_header="x-moto-account-id", guards=guards),
        ]
    )


def denied(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as error:
        call()
    return {**error.value.response["Error"], "status": error.value.response["ResponseMetadata"]["HTTPStatusCode"]}


def test_nobody_deletes_this_bucket_through_here(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(
        start, upstream, {"Action": ["s3:DeleteBucket", "s3:DeleteObject*"], "Resource": [BUCKET, f"{BUCKET}/*"]}
    )
    s3 = server.client("s3")
    error = denied(lambda: s3.delete_bucket(Bucket="audit"))
    assert (error["Code"], error["status"]) == ("AccessDenied", 403)
    assert error["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: s3:DeleteBucket on resource: "
        f'"{BUCKET}" with an explicit deny in a resource control policy'
    )
    record = server.record()
    assert (record["eventName"], record["errorCode"]) == ("DeleteBucket", "AccessDenied")
    assert record["errorMessage"] == error["Message"]
    assert record["requestParameters"]["bucketName"] == "audit"
    assert not upstream.arrived
    for call in (
        lambda: s3.delete_object(Bucket="audit", Key="AWSLogs/x"),
        lambda: s3.delete_object(Bucket="audit", Key="x", VersionId="v"),
        lambda: s3.delete_objects(Bucket="audit", Delete={"Objects": [{"Key": "x"}]}),
    ):
        assert denied(call)["Code"] == "AccessDenied"
    assert not upstream.arrived


def test_what_the_guards_do_not_deny_goes_on(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(start, upstream, {"Action": "s3:DeleteBucket", "Resource": BUCKET})
    status, _, _ = server.call("DELETE", "/other")
    assert status < 300 and len(upstream.arrived) == 1
    status, _, _ = server.call("GET", "/audit")
    assert status < 300 and len(upstream.arrived) == 2


def test_a_key_that_may_be_read_as_another_counts_as_any(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(start, upstream, {"Action": "s3:DeleteObject", "Resource": f"{BUCKET}/kept/*"})
    for path in ("/audit/other//../kept/x", "/audit/./kept/x", "/audit/a/%2e%2e/kept/x"):
        assert server.call("DELETE", path)[0] in (400, 403), path
    assert not upstream.arrived
    assert server.call("DELETE", "/audit/other/x")[0] < 300


def test_copies_read_their_source(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(start, upstream, {"Action": "s3:GetObject", "Resource": f"{BUCKET}/secret"})
    headers = {"x-amz-copy-source": "/audit/secret"}
    assert server.call("PUT", "/other/copy", headers=headers)[0] == 403
    assert server.call("HEAD", "/audit/secret")[0] == 403
    assert not upstream.arrived


def test_headers_that_do_more_need_more(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(start, upstream, {"Action": "s3:PutObjectAcl", "Resource": "*"})
    assert server.call("PUT", "/b/k", b"x", headers={"x-amz-acl": "public-read"})[0] == 403
    assert server.call("PUT", "/b/k", b"x", headers={"x-amz-grant-read": "uri=x"})[0] == 403
    assert server.call("PUT", "/b/k", b"x")[0] < 300


def test_other_services_are_told_in_their_own_form(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(
        start,
        upstream,
        {"Action": ["iam:CreateUser", "dynamodb:DeleteTable", "lambda:InvokeFunction"], "Resource": "*"},
        {"Action": "ec2:TerminateInstances", "Resource": "*"},
        {"Action": "dynamodb:DeleteItem", "Resource": "arn:aws:dynamodb:*:*:table/kept"},
    )
    error = denied(lambda: server.client("iam").create_user(UserName="robin"))
    assert (error["Code"], error["status"]) == ("AccessDenied", 403)
    error = denied(lambda: server.client("dynamodb").delete_table(TableName="t"))
    assert (error["Code"], error["status"]) == ("AccessDeniedException", 400)
    assert "on resource: arn:aws:dynamodb:us-east-1:" in error["Message"]
    assert server.record(2)["errorCode"] == "AccessDenied"
    error = denied(lambda: server.client("lambda").invoke(FunctionName="f"))
    assert (error["Code"], error["status"]) == ("AccessDeniedException", 403)
    error = denied(lambda: server.client("ec2").terminate_instances(InstanceIds=["i-0123456789abcdef0"]))
    assert (error["Code"], error["status"]) == ("UnauthorizedOperation", 403)
    assert server.record(4)["errorCode"] == "Client.UnauthorizedOperation"
    item = {"Delete": {"TableName": "kept", "Key": {"k": {"S": "v"}}}}
    error = denied(lambda: server.client("dynamodb").transact_write_items(TransactItems=[item]))
    assert error["Code"] == "AccessDeniedException"
    assert not upstream.arrived


def test_an_arn_of_elsewhere_may_be_read_as_the_caller_s_own(start: Start, upstream: ScriptedUpstream) -> None:
    kept = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/kept"
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
    parameter = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/p"
    server = guarded(start, upstream, {"Action": "*", "Resource": [kept, key, queue, parameter]})
    dynamodb, kms, sqs, ssm = map(server.client, ("dynamodb", "kms", "sqs", "ssm"))
    for own, other in (("arn:aws:", "arn:aws-cn:"), (ACCOUNT, OTHER_ACCOUNT), ("us-east-1", "eu-west-1")):
        table, elsewhere = kept.replace(own, other), key.replace(own, other)
        error = denied(lambda table=table: dynamodb.delete_table(TableName=table))
        assert error["Code"] == "AccessDeniedException"
        error = denied(lambda elsewhere=elsewhere: kms.disable_key(KeyId=elsewhere))
        assert error["Code"] == "AccessDeniedException"
    for account in (ACCOUNT, OTHER_ACCOUNT, "queue"):
        denied(lambda account=account: sqs.delete_queue(QueueUrl=f"http://queues/{account}/q"))
    for name in ("p", "p:3", "/p:label", f"{parameter}:3"):
        denied(lambda name=name: ssm.get_parameter(Name=name))
    assert not upstream.arrived
    server.call(
        "POST",
        "/",
        b'{"TableName": "other"}',
        service="dynamodb",
        headers={"X-Amz-Target": "DynamoDB_20120810.DescribeTable", "Content-Type": "application/x-amz-json-1.0"},
    )
    assert len(upstream.arrived) == 1


def test_a_call_that_nobody_understands_is_not_passed_by_guards(start: Start, upstream: ScriptedUpstream) -> None:
    server = guarded(start, upstream, {"Action": "dynamodb:DeleteTable", "Resource": "*"})
    headers = {"X-Amz-Target": "DynamoDB_20120810.Surprise", "Content-Type": "application/x-amz-json-1.0"}
    status, _, body = server.call("POST", "/", b"{}", service="dynamodb", headers=headers)
    assert status == 400 and b"AccessDeniedException" in body
    assert not upstream.arrived


def test_guards_may_mean_some_callers_alone(start: Start, upstream: ScriptedUpstream) -> None:
    spared = [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]
    server = guarded(start, upstream, {"NotPrincipal": {"AWS": spared}, "Action": "s3:*", "Resource": "*"})
    assert server.call("GET", "/audit/x", key=KEY, secret=SECRET)[0] < 300
    assert server.call("GET", "/audit/x", key=USER_KEY, secret=USER_SECRET)[0] == 403
    assert server.record(2)["recipientAccountId"] == OTHER_ACCOUNT


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_guard_only_denies(effect: str) -> None:
    text = json.dumps({"Statement": {"Effect": effect, "Action": "*", "Resource": "*"}})
    if effect == "Deny":
        assert read_guard(text).policy.statements[0].resources is not None
        return
    with pytest.raises(PolicyUnreadable):
        read_guard(text)
