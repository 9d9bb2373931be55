"""The canonical request is botocore's, whatever stands in a request."""

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.compat import HTTPHeaders

from opentrail.wire.canonical import canonical_request


class _Split:
    def __init__(self, query: str) -> None:
        self.query = query


PATHS = ["", "/", "//", "/a/../b//c/.", "/a%2Fb/~ü", "/#x?y"]
QUERIES = ["", "b=2&a=1", "a=2&a=1&a", "a&&b=", "x=1=2&ä=%20", "a-b=1&a=2&A=3"]
HEADERS: list[dict[str, list[str]]] = [
    {"host": ["h:1"]},
    {"x-amz-date": ["20260304T101531Z"], "host": ["  h  "], "x-a": ["1   2", "\t3 "], "x-": [""]},
]


@pytest.mark.parametrize("s3", [False, True])
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", PATHS)
def test_every_part_is_as_botocore_has_it(path: str, query: str, headers: dict[str, list[str]], s3: bool):
    auth = S3SigV4Auth(None, "", "") if s3 else SigV4Auth(None, "", "")
    signed = HTTPHeaders()
    for name, values in headers.items():
        for value in values:
            signed.add_header(name, value)
    expected = "\n".join(
        [
            "PUT",
            auth._normalize_url_path(path),
            auth._canonical_query_string_url(_Split(query)),
            auth.canonical_headers(signed) + "\n",
            auth.signed_headers(signed),
            "HASH",
        ]
    )
    assert canonical_request("put", path, query, headers, "HASH", s3=s3) == expected
