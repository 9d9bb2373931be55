"""Delivery of results: where they go, the signature over them, what becomes of refusals and silence."""

import gzip
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from opentrail import limits
from opentrail.clock import as_datetime
from opentrail.lake.queries.delivery import DeliveryPlace
from tests.lake.queries.rig import ACCOUNT, STORE, QueryRig

KEY = rsa.generate_private_key(65537, 2048)


def sign(region: str, text: bytes) -> tuple[str, str]:
    return KEY.sign(text, padding.PKCS1v15(), hashes.SHA256()).hex(), "f" * 32


def finished(rig: QueryRig, uri: str = "s3://results/some/prefix/"):
    rig.record("CreateBucket", "GetBucketAcl")
    query = rig.wait(rig.start(f"SELECT eventName FROM {STORE}", delivery_uri=uri))
    assert (query.status, query.delivery_status) == ("FINISHED", "PENDING")
    return query


def test_files_and_a_sign_file_that_verifies(rig: QueryRig) -> None:
    query = finished(rig)
    rig.delivery(sign).run_due()
    assert rig.found(query).delivery_status == "SUCCESS"
    day = as_datetime(query.finished_at).strftime("%Y/%m/%d")
    prefix = f"results/some/prefix/AWSLogs/{ACCOUNT}/CloudTrail-Lake/Query/{day}/{query.id}/"
    assert sorted(rig.buckets.objects) == [prefix + "result_1.csv.gz", prefix + "result_sign.json"]
    stored = rig.buckets.objects[prefix + "result_1.csv.gz"]
    assert gzip.decompress(stored).decode().splitlines()[0] == '"eventName"'
    signed = json.loads(rig.buckets.objects[prefix + "result_sign.json"])
    hashed = [file["fileHashValue"] for file in signed["files"]]
    assert hashed == [hashlib.sha256(stored).hexdigest()]
    assert signed["publicKeyFingerprint"] == "f" * 32
    assert signed["region"] == query.region
    KEY.public_key().verify(
        bytes.fromhex(signed["hashSignature"]), " ".join(hashed).encode(), padding.PKCS1v15(), hashes.SHA256()
    )


@pytest.mark.parametrize(
    ("refusals", "status"),
    [
        (["AccessDenied"], "ACCESS_DENIED"),
        (["NoSuchBucket"], "RESOURCE_NOT_FOUND"),
        ([None], "PENDING"),
        (["SlowDown"], "PENDING"),
    ],
)
def test_refusals_are_told_and_silence_is_tried_again(rig: QueryRig, refusals, status) -> None:
    query = finished(rig)
    rig.buckets.refuses = list(refusals)
    delivery = rig.delivery(sign)
    delivery.run_due()
    assert rig.found(query).delivery_status == status
    rig.clock.advance(10)
    delivery.run_due()
    assert rig.found(query).delivery_status == ("SUCCESS" if status == "PENDING" else status)


def test_a_sign_file_that_is_refused_is_told_apart(rig: QueryRig) -> None:
    query = finished(rig)

    class Put(type(rig.buckets)):
        def put(self, place, key, body, content_type):
            if key.endswith("sign.json"):
                self.refuses = ["AccessDenied"]
            super().put(place, key, body, content_type)

    rig.buckets = Put()
    rig.delivery(sign).run_due()
    assert rig.found(query).delivery_status == "ACCESS_DENIED_SIGNING_FILE"


def test_it_is_given_up_after_some_tries_and_the_results_stay(rig: QueryRig) -> None:
    query = finished(rig)
    rig.buckets.refuses = [None] * 100
    delivery = rig.delivery(sign)
    for _ in range(limits.RESULT_DELIVERY_TRIES):
        delivery.run_due()
        rig.clock.advance(600)
    assert rig.found(query).delivery_status == "FAILED"
    assert len(rig.results.page(query.id, 0, 10).rows) == 2


def test_what_was_cancelled_or_failed_is_not_delivered(rig: QueryRig) -> None:
    query = rig.start(
        f"SELECT 1 / (CASE WHEN count(*) = 0 THEN 0 ELSE 1 END) FROM {STORE}", delivery_uri="s3://results"
    )
    assert rig.wait(query).delivery_status == "FAILED"
    rig.delivery(sign).run_due()
    assert rig.buckets.objects == {}


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [("s3://b", "b", ""), ("s3://b/", "b", ""), ("s3://b/p", "b", "p"), ("s3://b/p/q/", "b", "p/q")],
)
def test_a_uri_names_bucket_and_prefix(uri: str, bucket: str, prefix: str) -> None:
    place = DeliveryPlace.of(uri, ACCOUNT, "eu-west-1", "arn")
    assert (place.bucket, place.prefix) == (bucket, prefix)
