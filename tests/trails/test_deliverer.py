"""Queues of deliveries: backed off each on its own, with what GetTrailStatus shows of them."""

import itertools
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opentrail import limits
from opentrail.objects.bucket import AccessDenied, BucketFault, NoSuchBucket, TimedOut
from tests.trails.rig import ACCOUNT, HOME, Rig

TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:delivered"


class Topic:
    """SNS, keeping what was published."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.refusing: str | None = None

    def publish(self, *, TopicArn: str, Message: str) -> dict[str, Any]:  # noqa: N803
        if self.refusing:
            raise ClientError({"Error": {"Code": self.refusing, "Message": ""}}, "Publish")
        self.messages.append((TopicArn, Message))
        return {}


def test_a_message_tells_of_each_file_once_it_is_there(rig: Rig) -> None:
    topic = rig.clients.topic = Topic()
    trail = rig.trail(sns_topic_arn=TOPIC)
    rig.step()
    rig.happen(1)
    rig.pass_time(300)
    [key] = rig.files("audit-bucket")
    assert topic.messages == [(TOPIC, f'{{"s3Bucket":"audit-bucket","s3ObjectKey":["{key}"]}}')]
    assert rig.status(trail).notified_at is not None


def test_a_topic_that_refuses_holds_up_no_file(rig: Rig) -> None:
    topic = rig.clients.topic = Topic()
    topic.refusing = "AuthorizationError"
    trail = rig.trail(sns_topic_arn=TOPIC)
    rig.step()
    ids = rig.happen(1)
    rig.pass_time(300)
    assert rig.delivered("audit-bucket") == ids
    assert rig.status(trail).notification_error == "AuthorizationError"
    topic.refusing = None
    rig.pass_time(600)
    assert len(topic.messages) == 1 and rig.status(trail).notification_error is None


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (AccessDenied(), "AccessDenied"),
        (NoSuchBucket(), "NoSuchBucket"),
        (BucketFault("the key is disabled", "KMS.DisabledException"), "KMS.DisabledException"),
        (TimedOut(), None),
    ],
)
def test_the_status_names_the_error_as_s3_does_and_time_outs_not_at_all(
    rig: Rig, fault: BucketFault, shown: str | None
) -> None:
    trail = rig.trail(validation=True)
    rig.step()
    rig.clients.named("audit-bucket").refusing = fault
    rig.happen(1)
    rig.pass_time(300)
    status = rig.status(trail)
    assert (status.delivery_error, status.delivered_at) == (shown, None)
    assert status.delivery_attempted_at is not None


def test_a_queue_that_fails_waits_longer_after_each_failure(rig: Rig) -> None:
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    rig.happen(1)
    rig.pass_time(300)
    attempts = []
    for _ in range(3600):
        before = len(bucket.calls)
        rig.clock.advance(1)
        rig.delivery.deliverer.run_due()
        if len(bucket.calls) > before:
            attempts.append(rig.clock.now_us() / 1e6)
    waits = [after - before for before, after in itertools.pairwise(attempts)]
    assert waits[0] <= 6 and 230 <= waits[-1] <= 365 and len(attempts) < 25


def test_files_in_the_bucket_have_the_properties_that_aws_gives_them(rig: Rig) -> None:
    rig.trail()
    key_arn = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/k"
    rig.trail("sealed", kms_key_arn=key_arn, validation=True)
    rig.step()
    rig.happen(1)
    rig.pass_time(3700, step=300)
    for name in ("audit-bucket", "sealed-bucket"):
        for key, properties in rig.clients.named(name).properties.items():
            assert properties.content_type == "application/json" and properties.content_encoding == "gzip"
            assert properties.acl == "bucket-owner-full-control"
            assert properties.encryption is not None
            if name == "sealed-bucket":
                assert properties.encryption.algorithm == "aws:kms" and properties.encryption.kms_key_id == key_arn
                assert properties.encryption.context == {
                    "aws:cloudtrail:arn": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/sealed"
                }
            else:
                assert properties.encryption.algorithm == "AES256"
            assert ("signature" in properties.metadata) == ("Digest" in key)


def test_who_may_not_look_writes_the_same_bytes_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.losing_answers = 1

    def denied(key: str) -> None:
        raise AccessDenied

    monkeypatch.setattr(bucket, "head", denied)
    ids = rig.happen(1)
    rig.pass_time(600)
    assert rig.delivered("audit-bucket") == ids
    assert len(bucket.puts()) == 2 and len(set(bucket.puts())) == 1


def test_a_file_that_was_taken_from_the_outbox_is_given_up_and_the_next_one_goes_on(rig: Rig) -> None:
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    rig.happen(1)
    rig.pass_time(300)
    for path in rig.outbox():
        path.unlink()
    bucket.refusing = None
    ids = rig.happen(1)
    rig.pass_time(600)
    assert rig.delivered("audit-bucket") == ids


def test_the_bucket_is_asked_before_deliveries_but_not_before_each(rig: Rig) -> None:
    rig.trail(multi_region=True)
    rig.step()
    rig.happen(1)
    rig.happen(1, awsRegion="eu-west-1")
    rig.pass_time(300)
    calls = [call for call, _ in rig.clients.named("audit-bucket").calls]
    assert calls == ["acl", "put", "put"]


MONTH = 30 * 86_400


@pytest.mark.parametrize("off", [True, False])
def test_what_is_old_is_given_up_only_where_it_was_tried_and_failed(rig: Rig, off: bool) -> None:
    """After a month without a server, or a clock that jumped a month ahead, the bucket gets all it would take."""
    trail = rig.trail(validation=True)
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    ids = rig.happen(1)
    rig.pass_time(3600 if off else 7200)
    rig.clock.jump(2 * MONTH)
    if off:
        rig.start()
        rig.step()
        assert rig.status(trail).delivery_error == "AccessDenied"
    bucket.refusing = None
    rig.pass_time(600)
    assert rig.delivered("audit-bucket") == ids


def test_what_is_refused_for_a_month_is_given_up_and_the_younger_waits(rig: Rig) -> None:
    rig.trail()
    rig.step()
    bucket = rig.clients.named("audit-bucket")
    bucket.refusing = AccessDenied()
    rig.happen(2)
    rig.pass_time(300)
    rig.pass_time(MONTH - 3600, step=6 * 3600)
    young = rig.happen(1)
    rig.pass_time(7200, step=600)
    bucket.refusing = None
    rig.pass_time(600)
    assert rig.delivered("audit-bucket") == young


def test_deliverers_wait_where_the_catalog_cannot_be_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    deliverer = rig.delivery.deliverer
    looks = []

    def broken(now: float) -> None:
        looks.append(now)
        raise OSError("disk")

    monkeypatch.setattr(deliverer, "_look_around", broken)
    deliverer.start()
    try:
        time.sleep(0.3)
    finally:
        deliverer.stop(5)
    assert 1 <= len(looks) <= 2 * limits.DELIVERY_THREADS
