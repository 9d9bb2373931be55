"""The context of a request is shown as far as its record proves it, before and after a commit, and stored nowhere."""

import json

import pyarrow.parquet as pq
import pytest

from opentrail.clock import SettableClock
from opentrail.intake import Intake
from opentrail.lake.event_context import REQUEST_KEYS
from opentrail.lake.sql.faults import InvalidQueryStatement
from tests.lake.conftest import event
from tests.lake.rig import ACCOUNT, Rig, only

CONTEXT = "SELECT eventName, CAST(eventContext.requestContext AS json) FROM s ORDER BY eventTime"
ROLE = "arn:aws:iam::111122223333:role/ops"


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SettableClock())
    yield made
    made.close()


def record(rig, *events):
    intake = Intake(rig.journal, rig.clock, home_account=ACCOUNT)
    for one in events:
        intake.live(one).result()


def of_user(number, name, kind="IAMUser", **more):
    identity = {"type": kind, "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT, **more}
    return event(number, name, recipientAccountId=ACCOUNT, awsRegion="us-east-1", userIdentity=identity)


def contexts(rig, store):
    return {str(name): json.loads(str(text)) for name, text in rig.ask(store, CONTEXT)}


def test_what_the_record_proves_is_there_and_nothing_else(rig):
    store = rig.create(multi_region=True, context_keys=tuple(sorted(REQUEST_KEYS)))
    rig.clock.jump(1772618700 - rig.clock.now_us() / 1e6)
    user = f"arn:aws:iam::{ACCOUNT}:user/dana"
    record(
        rig,
        event(0, "AsRole", recipientAccountId=ACCOUNT, tlsDetails={"tlsVersion": "TLSv1.3"}),
        of_user(1, "AsUser", arn=user, userName="dana"),
        of_user(2, "ForUser", arn=user, userName="dana", invokedBy="cloudformation.amazonaws.com"),
        event(
            3, "AsService", recipientAccountId=ACCOUNT,
            userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
        ),
    )  # fmt: skip
    before = contexts(rig, store)
    assert before["AsRole"] == {
        "aws:CurrentTime": "2026-03-04T10:05:00Z", "aws:EpochTime": "1772618700", "aws:MultiFactorAuthPresent": "false",
        "aws:PrincipalAccount": ACCOUNT, "aws:PrincipalArn": ROLE, "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole", "aws:RequestedRegion": "eu-west-1", "aws:SecureTransport": "true",
        "aws:TokenIssueTime": "2026-03-04T09:00:00Z", "aws:ViaAWSService": "false", "aws:userid": "AROA:0",
    }  # fmt: skip
    of_the_user = {
        "aws:CurrentTime": "2026-03-04T10:05:00Z", "aws:EpochTime": "1772618700", "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalArn": user, "aws:PrincipalIsAWSService": "false", "aws:PrincipalType": "User",
        "aws:RequestedRegion": "us-east-1", "aws:ViaAWSService": "false", "aws:userid": "AIDAEXAMPLE",
        "aws:username": "dana",
    }  # fmt: skip
    assert before["AsUser"] == of_the_user
    assert "aws:ViaAWSService" not in before["ForUser"], "a service's own role looks the same"
    assert before["AsService"] == {
        "aws:CurrentTime": "2026-03-04T10:05:00Z", "aws:EpochTime": "1772618700", "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": "ec2.amazonaws.com", "aws:RequestedRegion": "eu-west-1",
    }  # fmt: skip
    rig.commit()
    assert contexts(rig, store) == before
    (file,) = rig.snapshot(store).files
    assert "eventcontext" not in pq.read_schema(file.path).names
    assert rig.ask(store, "SELECT count(*) FROM s WHERE eventJson LIKE '%requestContext%'") == [(0,)]


def test_queries_as_people_write_them(rig):
    store = rig.create(context_keys=("aws:PrincipalArn",))
    record(rig, event(0, "AsRole", recipientAccountId=ACCOUNT))
    for sql in (
        "SELECT eventContext.requestContext['aws:PrincipalArn'] FROM s",
        "SELECT element_at(eventContext.requestContext, 'aws:PrincipalArn') FROM s"
        " WHERE eventContext.requestContext['aws:PrincipalArn'] LIKE '%:role/%'",
    ):
        assert rig.ask(store, sql) == [(ROLE,)]
    for sql in (
        "SELECT element_at(eventContext.requestContext, 'aws:SourceIp') FROM s",
        "SELECT eventContext.requestContext['aws:SourceIp'] FROM s",
        "SELECT eventContext.tagContext.principalTags['team'] FROM s",
        "SELECT eventContext.tagContext.resourceTags[1].tags['team'] FROM s",
    ):
        assert rig.ask(store, sql) == [(None,)], sql


def test_a_store_that_asks_for_no_context_has_no_such_column(rig):
    store = rig.create()
    with pytest.raises(InvalidQueryStatement):
        rig.ask(store, "SELECT eventContext FROM s")
    asks = rig.change(store, context_keys=("aws:PrincipalOrgID",))
    record(rig, event(0, "AsRole", recipientAccountId=ACCOUNT))
    assert rig.ask(asks, "SELECT cardinality(eventContext.requestContext) FROM s") == [(0,)]


def test_network_activity_has_no_context(rig):
    selectors = only("NetworkActivity", eventSource=["kms.amazonaws.com"])
    store = rig.create(1, selectors, context_keys=("aws:RequestedRegion",))
    seen = event(
        0, "Encrypt", "kms.amazonaws.com", recipientAccountId=ACCOUNT, eventCategory="NetworkActivity",
        eventType="AwsVpceEvent", managementEvent=False,
    )  # fmt: skip
    record(rig, seen)
    assert rig.ask(store, "SELECT eventContext IS NULL FROM s") == [(True,)]
