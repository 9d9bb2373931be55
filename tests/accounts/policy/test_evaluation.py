"""What policies say, case by case, after AWS's own rules and examples."""

import json
import time
from typing import Any

import pytest

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, Verdict, evaluate, read_policy
from opentrail.accounts.policy.wildcards import matches, matches_arn

TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
CLOUDTRAIL = Caller(service="cloudtrail.amazonaws.com")
DANA = Caller(account="111122223333", arns=("arn:aws:iam::111122223333:user/dana",))
PUT = Request(
    CLOUDTRAIL,
    "s3:PutObject",
    f"{BUCKET}/audit/AWSLogs/111122223333/x.json.gz",
    {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": TRAIL, "aws:SourceAccount": "111122223333"},
)


def statement(**members: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/*",
    } | members


def decide(request: Request, *statements: dict[str, Any]) -> Verdict:
    return evaluate([read_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))], request)


ALLOWED, DENIED, SILENT = Verdict.ALLOWED, Verdict.DENIED, Verdict.SILENT


def test_the_bucket_policy_of_the_reference() -> None:
    source = {"aws:SourceArn": TRAIL}
    write = statement(
        Resource=f"{BUCKET}/audit/AWSLogs/111122223333/*",
        Condition={"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **source}},
    )
    assert decide(PUT, write) is ALLOWED
    assert ALLOWED.allows and not SILENT.allows and not DENIED.allows
    other = Request(CLOUDTRAIL, PUT.action, f"{BUCKET}/AWSLogs/111122223333/x.json.gz", PUT.context)
    assert decide(other, write) is SILENT
    no_acl = Request(CLOUDTRAIL, PUT.action, PUT.resource, source)
    assert decide(no_acl, write) is SILENT


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ALLOWED),
        ({"Principal": "*"}, ALLOWED),
        ({"Principal": {"AWS": "*"}}, ALLOWED),
        ({"Principal": {"Service": ["a.amazonaws.com", "cloudtrail.amazonaws.com"]}}, ALLOWED),
        ({"Principal": {"Service": "config.amazonaws.com"}}, SILENT),
        ({"Principal": {"AWS": "111122223333"}}, SILENT),
        ({"Principal": {"AWS": "cloudtrail.amazonaws.com"}}, SILENT),
        ({"Principal": {"CanonicalUser": "cloudtrail.amazonaws.com"}}, SILENT),
        ({"Action": "s3:*"}, ALLOWED),
        ({"Action": "*"}, ALLOWED),
        ({"Action": ["s3:GetBucketAcl", "S3:putobject"]}, ALLOWED),
        ({"Action": "s3:Put?bject"}, ALLOWED),
        ({"Action": "s3:PutObjectAcl"}, SILENT),
        ({"Action": "s3:Put"}, SILENT),
        ({"Resource": "*"}, ALLOWED),
        ({"Resource": BUCKET}, SILENT),
        ({"Resource": f"{BUCKET}/AUDIT/*"}, SILENT),
        ({"Resource": [BUCKET, f"{BUCKET}/audit/*/111122223333/*"]}, ALLOWED),
        ({"Effect": "Deny"}, DENIED),
    ],
)
def test_who_what_and_on_what(members: dict[str, Any], expected: Verdict) -> None:
    assert decide(PUT, statement(**members)) is expected


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    deny = statement(Effect="Deny", Principal="*", Action="s3:*")
    assert decide(PUT, statement(), deny) is DENIED
    assert decide(PUT, deny, statement()) is DENIED
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    assert decide(PUT, statement(), deny | {"Condition": insecure}) is ALLOWED


def test_what_is_not_meant() -> None:
    named = statement()
    del named["Action"], named["Resource"], named["Principal"]
    others = named | {"NotAction": "s3:DeleteObject", "NotResource": "arn:aws:s3:::other/*"}
    assert decide(PUT, others | {"Principal": "*"}) is ALLOWED
    assert decide(PUT, others | {"NotPrincipal": {"Service": "cloudtrail.amazonaws.com"}}) is SILENT
    assert decide(PUT, others | {"NotPrincipal": {"AWS": "111122223333"}}) is ALLOWED
    assert decide(PUT, named | {"Principal": "*", "NotAction": "s3:Put*", "Resource": "*"}) is SILENT
    assert decide(PUT, named | {"Principal": "*", "Action": "*", "NotResource": f"{BUCKET}/*"}) is SILENT


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("111122223333", ALLOWED),
        ("arn:aws:iam::111122223333:root", ALLOWED),
        ("arn:aws:iam::111122223333:user/dana", ALLOWED),
        ("arn:aws:iam::111122223333:user/*", SILENT),  # no wildcards in the names of principals
        ("arn:aws:iam::111122223333:user/robin", SILENT),
        ("444455556666", SILENT),
        ("*", ALLOWED),
    ],
)
def test_principals_of_accounts(principal: str, expected: Verdict) -> None:
    request = Request(DANA, PUT.action, PUT.resource)
    assert decide(request, statement(Principal={"AWS": principal})) is expected


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "aws:SourceArn", TRAIL, True),
        ("StringEquals", "AWS:SOURCEARN", TRAIL, True),
        ("StringEquals", "aws:SourceArn", TRAIL + "*", False),
        ("StringEquals", "aws:SourceArn", ["x", TRAIL], True),
        ("StringEquals", "aws:Missing", "x", False),
        ("StringEqualsIfExists", "aws:Missing", "x", True),
        ("StringEqualsIfExists", "aws:SourceArn", "x", False),
        ("StringNotEquals", "aws:SourceArn", "x", True),
        ("StringNotEquals", "aws:SourceArn", ["x", TRAIL], False),
        ("StringNotEquals", "aws:Missing", "x", True),
        ("StringEqualsIgnoreCase", "aws:SourceArn", TRAIL.upper(), True),
        ("StringNotEqualsIgnoreCase", "aws:SourceArn", TRAIL.upper(), False),
        ("StringLike", "aws:SourceArn", "arn:aws:cloudtrail:*:111122223333:trail/*", True),
        ("StringLike", "aws:SourceArn", "arn:aws:cloudtrail:*:444455556666:trail/*", False),
        ("StringLike", "aws:SourceArn", "arn:*audit", True),
        ("StringNotLike", "aws:SourceArn", "arn:*audit", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:cloudtrail:*:111122223333:trail/*", True),
        ("ArnLike", "aws:SourceArn", "arn:*audit", False),
        ("ArnEquals", "aws:SourceArn", "arn:aws:cloudtrail:*:*:trail/a?dit", True),
        ("ArnNotLike", "aws:SourceArn", "arn:aws:cloudtrail:*:*:trail/*", False),
        ("ArnNotEquals", "aws:SourceArn", "arn:aws:s3:::x", True),
        ("Null", "aws:Missing", "true", True),
        ("Null", "aws:Missing", "false", False),
        ("Null", "aws:SourceArn", "true", False),
        ("Null", "aws:SourceArn", False, True),
        ("Bool", "aws:SecureTransport", "true", True),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("Bool", "aws:Missing", "false", False),
        ("BoolIfExists", "aws:Missing", "false", True),
        ("NumericEquals", "s3:max-keys", 10, True),
        ("NumericNotEquals", "s3:max-keys", "10.0", False),
        ("NumericLessThan", "s3:max-keys", "11", True),
        ("NumericLessThanEquals", "s3:max-keys", "10", True),
        ("NumericGreaterThan", "s3:max-keys", "10", False),
        ("NumericGreaterThanEquals", "s3:max-keys", "10", True),
        ("NumericEquals", "aws:SourceArn", "10", False),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", "aws:CurrentTime", "1767225600", False),
        ("DateEquals", "aws:CurrentTime", "2026-03-04T10:15:31", True),
        ("DateGreaterThan", "aws:CurrentTime", "0001-01-01T00:00:00+14:00", True),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", True),
        ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "203.0.113.7"], False),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "a", True),
        ("ForAllValues:StringEquals", "aws:TagKeys", "a", False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "aws:Missing", "a", True),
        ("ForAnyValue:StringEquals", "aws:Missing", "a", False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", "a", True),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", "a", False),
    ],
)
def test_conditions(operator: str, key: str, values: Any, expected: bool) -> None:
    context = {
        "aws:SourceArn": TRAIL,
        "aws:SecureTransport": "true",
        "s3:max-keys": "10",
        "aws:CurrentTime": "2026-03-04T10:15:31Z",
        "aws:SourceIp": "203.0.113.7",
        "aws:TagKeys": ("a", "b"),
    }
    request = Request(CLOUDTRAIL, PUT.action, PUT.resource, context)
    assert decide(request, statement(Condition={operator: {key: values}})) is (ALLOWED if expected else SILENT)


def test_all_conditions_must_hold() -> None:
    both = {"StringEquals": {"aws:SourceArn": TRAIL, "aws:SourceAccount": "444455556666"}}
    assert decide(PUT, statement(Condition=both)) is SILENT
    several = {"StringEquals": {"aws:SourceArn": TRAIL}, "StringLike": {"aws:SourceAccount": "1111*"}}
    assert decide(PUT, statement(Condition=several)) is ALLOWED


def test_a_statement_without_principals_speaks_to_nobody_here() -> None:
    identity = statement()
    del identity["Principal"]
    assert decide(PUT, identity) is SILENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '"x"',
        "{}",
        '{"Version":"2020-01-01","Statement":[]}',
        '{"Statement":"x"}',
        '{"Statement":["x"]}',
        json.dumps({"Statement": statement(Effect="Maybe")}),
        json.dumps({"Statement": statement(NotAction="s3:*")}),
        json.dumps({"Statement": statement(NotPrincipal="*")}),
        json.dumps({"Statement": statement(Principal={"Nobody": "x"})}),
        json.dumps({"Statement": statement(Principal="x")}),
        json.dumps({"Statement": statement(Action={})}),
        json.dumps({"Statement": statement(Surprise=1)}),
        json.dumps({"Statement": statement(Condition=[])}),
        json.dumps({"Statement": statement(Condition={"StringEquals": "x"})}),
        json.dumps({"Statement": statement(Condition={"StringMaybe": {"k": "v"}})}),
        json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Resource": "*"}}),
        json.dumps({"Statement": statement(), "Surprise": 1}),
        json.dumps({"Statement": statement(Action=[])}),
        json.dumps({"Statement": statement(Action="PutObject")}),
        json.dumps({"Statement": statement(Resource="bucket/*")}),
        json.dumps({"Statement": statement(Principal={})}),
        json.dumps({"Statement": statement(Condition={"DateLessThan": {"aws:CurrentTime": "no date"}})}),
        json.dumps({"Statement": statement(Condition={"DateLessThan": {"aws:CurrentTime": "2026-02-30"}})}),
        json.dumps({"Statement": statement(Condition={"IpAddress": {"aws:SourceIp": "not a network"}})}),
        json.dumps({"Statement": statement(Condition={"NumericEquals": {"s3:max-keys": "nan"}})}),
        json.dumps({"Statement": statement(Condition={"Bool": {"aws:SecureTransport": "yes"}})}),
        json.dumps({"Statement": statement(Condition={"BinaryEquals": {"k": "not base64!"}})}),
        json.dumps({"Statement": statement(Condition={"Null": {"k": "maybe"}})}),
        json.dumps({"Statement": statement(Condition={"NullIfExists": {"k": "true"}})}),
        json.dumps({"Statement": statement(Condition={"ForAllValues:Null": {"k": "true"}})}),
        json.dumps({"Statement": statement(Condition={"StringEquals": {"k": []}})}),
        json.dumps({"Version": "2012-10-17", "Statement": statement(Resource="arn:aws:s3:::${nonsense}")}),
        '{"Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"*"}}',
        '{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"NumericEquals":{"k":NaN}}}}',
    ],
)
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(PolicyUnreadable):
        read_policy(text)


def test_one_statement_needs_no_list() -> None:
    policy = read_policy(json.dumps({"Statement": statement(Sid="AWSCloudTrailWrite20150319")}))
    assert policy.statements[0].name == "AWSCloudTrailWrite20150319"
    assert evaluate([policy], PUT) is ALLOWED


def test_patterns() -> None:
    assert matches("*", "") and matches("a*c", "abbc") and matches("a?c", "abc") and matches("a*", "a\nb")
    assert not matches("a?c", "ac") and not matches("a.c", "abc") and not matches("abc", "abcd")
    assert matches_arn("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b") and not matches_arn("*", TRAIL)


def test_patterns_made_to_be_slow_are_not() -> None:
    began = time.process_time()
    assert not matches("*a" * 12 + "b", "a" * 2000)
    assert not matches("*" * 500 + "b", "a" * 2000)
    assert time.process_time() - began < 2.0
