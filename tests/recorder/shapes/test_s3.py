"""How calls of S3 are written down: sub-resources, documents, headers, names, and what stands beside them."""

from opentrail.recorder.understanding.interpretation import interpret
from opentrail.wire.http import HttpRequest
from tests.recorder.calls import ACCOUNT, answered, interpreted, signed

BUCKET = {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b11"}
HOST = "127.0.0.1:4566"


def _request(name, parameters, **headers):
    return interpreted("s3", name, {"Bucket": "b11", **parameters}, **headers).request_parameters


def test_sub_resources_are_empty_texts_and_numbers_are_texts():
    assert _request("GetBucketAcl", {}) == {"bucketName": "b11", "Host": HOST, "acl": ""}
    found = _request("ListObjectsV2", {"MaxKeys": 1, "Prefix": "a/"})
    assert found == {"bucketName": "b11", "Host": HOST, "list-type": "2", "max-keys": "1", "prefix": "a/"}
    assert _request("GetObject", {"Key": "a b/ü"})["key"] == "a b/ü"


def test_documents_stand_under_their_roots_name():
    tags = {"TagSet": [{"Key": "a", "Value": "true"}]}
    assert _request("PutBucketTagging", {"Tagging": tags})["Tagging"] == {
        "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
        "TagSet": {"Tag": {"Key": "a", "Value": True}},
    }
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "*"}, "Expiration": {"Days": 1}}
    found = _request("PutBucketLifecycleConfiguration", {"LifecycleConfiguration": {"Rules": [rule, rule]}})
    assert found["LifecycleConfiguration"]["Rule"] == [rule, rule]
    found = _request("PutBucketPolicy", {"Policy": '{"Version":"2012-10-17","Statement":[]}'})
    assert found == {
        "bucketName": "b11",
        "Host": HOST,
        "policy": "",
        "bucketPolicy": {"Version": "2012-10-17", "Statement": []},
    }


def test_headers_that_say_something_about_the_call_and_no_others():
    found = _request(
        "PutObject",
        {
            "Key": "k",
            "ACL": "private",
            "Metadata": {"m": "1"},
            "SSECustomerKey": "x" * 32,
            "SSECustomerAlgorithm": "AES256",
        },
        x_amz_security_token="TOKEN",
        x_amz_date="20260304T101531Z",
        x_amz_content_sha256="UNSIGNED-PAYLOAD",
    )
    assert found == {
        "bucketName": "b11",
        "Host": HOST,
        "key": "k",
        "x-amz-acl": "private",
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
    }


def test_a_presigned_urls_signature_is_no_parameter():
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260304&X-Amz-Date=20260304T101531Z&X-Amz-Expires=60"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature=abc&X-Amz-Security-Token=TOKEN"
    )
    request = HttpRequest("GET", "/b11/k", query, (("host", HOST),), "192.0.2.1", "http")
    assert interpret("s3", request, None).request_parameters == {
        "bucketName": "b11", "Host": HOST, "key": "k", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": "20260304T101531Z", "X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host",
    }  # fmt: skip


def test_names_and_categories():
    for name, event, category in (
        ("PutBucketLifecycleConfiguration", "PutBucketLifecycle", "Management"),
        ("ListObjectsV2", "ListObjects", "Data"),
        ("HeadBucket", "HeadBucket", None),
    ):
        found = interpreted("s3", name, {"Bucket": "b11"})
        assert found.event_name == event
        assert category in (None, found.category)


def test_facts_beside_parameters_in_awss_order():
    headers = {"x-amz-request-id": "R", "x-amz-id-2": "H", "x-amz-server-side-encryption": "AES256"}
    found = answered(
        "s3", "PutObject", {"Bucket": "b11", "Key": "k"}, b"", 200, headers, bytes_in=5, cipher_suite="TLS_X"
    )
    assert list(found.additional_event_data.items()) == [
        ("SignatureVersion", "SigV4"), ("CipherSuite", "TLS_X"), ("bytesTransferredIn", 5),
        ("SSEApplied", "Default_SSE_S3"), ("AuthenticationMethod", "AuthHeader"), ("x-amz-id-2", "H"),
        ("bytesTransferredOut", 0),
    ]  # fmt: skip
    assert found.request_id == "R"
    assert found.response_elements == {"x-amz-server-side-encryption": "AES256"}
    presigned = answered("s3", "GetObject", {"Bucket": "b11", "Key": "k"}, None, signature=signed("s3", "v2-query"))
    assert presigned.additional_event_data["SignatureVersion"] == "SigV2"
    assert presigned.additional_event_data["AuthenticationMethod"] == "QueryString"
    anonymous = answered("s3", "GetObject", {"Bucket": "b11", "Key": "k"}, None, signature=None)
    assert anonymous.additional_event_data == {"bytesTransferredIn": 0, "bytesTransferredOut": 0}


def test_resources():
    key = {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b11/a/k"}
    assert answered("s3", "GetObject", {"Bucket": "b11", "Key": "a/k"}, None).resources == [key, BUCKET]
    assert answered("s3", "DeleteBucket", {"Bucket": "b11"}, b"").resources == [BUCKET]
    assert answered("s3", "CreateBucket", {"Bucket": "b11"}, b"").resources is None
    assert answered("s3", "ListBuckets", {}, b"").resources is None
    prefix = {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b11/a"}
    assert answered("s3", "ListObjectsV2", {"Bucket": "b11", "Prefix": "a"}, b"").resources == [prefix, BUCKET]
    copied = answered("s3", "CopyObject", {"Bucket": "b11", "Key": "n", "CopySource": "b22/o%20p"}, b"").resources
    assert [entry["ARN"].removeprefix("arn:aws:s3:::") for entry in copied] == ["b11/n", "b11", "b22/o p", "b22"]


def test_a_head_without_a_body_still_has_its_error():
    found = answered("s3", "HeadObject", {"Bucket": "b11", "Key": "k"}, b"", 404)
    assert (found.error_code, found.error_message) == ("NoSuchKey", "The specified key does not exist.")
    assert answered("s3", "HeadBucket", {"Bucket": "b11"}, b"", 404).error_code == "NoSuchBucket"
    assert answered("s3", "HeadBucket", {"Bucket": "b11"}, b"", 403).error_code == "AccessDenied"
    assert answered("s3", "GetObject", {"Bucket": "b11", "Key": "k"}, b"", 304).error_code is None


def _delete(keys, answer):
    return answered("s3", "DeleteObjects", {"Bucket": "b11", "Delete": {"Objects": keys}}, answer)


def test_every_key_of_delete_objects_has_an_event():
    answer = b"""<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b c</Key><VersionId>v</VersionId>
      <Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"""
    found = _delete([{"Key": "a"}, {"Key": "b c", "VersionId": "v"}], answer)
    assert found.request_parameters == {"bucketName": "b11", "Host": HOST, "delete": ""}
    first, second = found.extra_events
    assert (first.event_name, first.event_type, first.category) == ("DeleteObject", "AwsServiceEvent", "Data")
    assert first.request_parameters == {"bucketName": "b11", "key": "a"}
    assert first.resources == [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b11/a"}, BUCKET]
    assert first.error_code is None
    assert second.request_parameters == {"bucketName": "b11", "key": "b c", "x-amz-version-id": "v"}
    assert (second.error_code, second.error_message) == ("AccessDenied", "no")


def test_many_keys_stay_findable_without_a_record_too_large():
    keys = [{"Key": f"k{number}"} for number in range(1000)]
    found = _delete(keys, b"<DeleteResult/>")
    assert [event.request_parameters["key"] for event in found.extra_events] == [key["Key"] for key in keys]
    assert found.resources == [{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b11/"}, BUCKET]


def test_a_refused_delete_makes_no_events():
    refused = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    parameters = {"Bucket": "b11", "Delete": {"Objects": [{"Key": "a"}]}}
    assert answered("s3", "DeleteObjects", parameters, refused, 403).extra_events == ()
