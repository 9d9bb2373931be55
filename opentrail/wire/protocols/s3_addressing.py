"""S3's two ways to name a bucket, in the path or in the host, brought to the first."""

import functools
import re
from typing import Final
from urllib.parse import unquote

from opentrail.wire.http import HttpRequest

# bucket.s3.amazonaws.com, bucket.s3.eu-west-1.amazonaws.com, bucket.s3-us-west-2.amazonaws.com,
# bucket.s3.dualstack..., bucket.s3express-use1-az4...; at AWS the last `.s3` ends the bucket's name
_AT_AWS: Final = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.s3(?:express)?(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?(?::\d+)?",
    re.IGNORECASE,
)
# bucket.s3.example.org, bucket.s3.localhost, bucket.localhost; elsewhere the first
_ELSEWHERE: Final = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}?[a-z0-9])\.(?:s3(?:[.-][a-z0-9.-]+)?|localhost)(?::\d+)?", re.IGNORECASE
)
_DIRECTORY_BUCKETS: Final = "/s3express/aws4_request"


@functools.lru_cache(maxsize=4096)
def bucket_in_host(host: str) -> str | None:
    """The bucket that a virtual-hosted request names in its Host header, or None."""
    found = _AT_AWS.fullmatch(host) or _ELSEWHERE.fullmatch(host)
    if found is None or found["bucket"].lower() == "s3" or found["bucket"].lower().startswith("s3."):
        return None
    return found["bucket"]


def is_for_directory_buckets(request: HttpRequest) -> bool:
    """Whether the scope of the signature is that of directory buckets, whose list has the same request as all lists."""
    return _DIRECTORY_BUCKETS in request.header("authorization") or _DIRECTORY_BUCKETS in unquote(request.query)


def path_style(request: HttpRequest) -> str:
    """The raw path with the bucket as its first step, wherever the request had it."""
    bucket = bucket_in_host(request.host)
    if bucket is None:
        return request.path
    return f"/{bucket}{request.path}" if request.path.startswith("/") else f"/{bucket}/{request.path}"
