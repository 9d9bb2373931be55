"""Buckets for trails: with the policy that CloudTrail asks for, and what lies in them."""

import gzip
import json
from typing import Any


def make_bucket(s3: Any, bucket: str, trail_arn: str, account: str, prefix: str = "") -> None:
    """A bucket that lets CloudTrail deliver for this trail, with the policy of AWS's user guide."""
    s3.create_bucket(Bucket=bucket)
    allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    source = {"aws:SourceArn": trail_arn}
    statements = [
        {
            "Sid": "AWSCloudTrailAclCheck20150319",
            **allow,
            "Action": "s3:GetBucketAcl",
            "Resource": f"arn:aws:s3:::{bucket}",
            "Condition": {"StringEquals": source},
        },
        {
            "Sid": "AWSCloudTrailWrite20150319",
            **allow,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{account}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **source}},
        },
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def keys_of(s3: Any, bucket: str, part: str = "") -> list[str]:
    """The keys in a bucket that hold `part`, in order."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ()) if part in entry["Key"]]


def log_files(s3: Any, bucket: str) -> dict[str, list[dict[str, Any]]]:
    """The records of each log file, by key."""
    return {key: records(s3, bucket, key) for key in keys_of(s3, bucket, "/CloudTrail/")}


def records(s3: Any, bucket: str, key: str) -> list[dict[str, Any]]:
    """The records of one log file."""
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    found: list[dict[str, Any]] = json.loads(gzip.decompress(content))["Records"]
    return found
