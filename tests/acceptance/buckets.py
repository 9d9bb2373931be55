"""What lies in the buckets of trails."""

import gzip
import json
from typing import Any


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
