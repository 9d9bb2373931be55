"""The sign file of query results, and where results lie in a bucket.

    [PREFIX/]AWSLogs/ACCOUNT/CloudTrail-Lake/Query/YYYY/MM/DD/QUERYID/result_1.csv.gz, result_2.csv.gz ..
    [PREFIX/]AWSLogs/ACCOUNT/CloudTrail-Lake/Query/YYYY/MM/DD/QUERYID/result_sign.json

    string to sign =  hex SHA-256 of each stored .csv.gz in order, with one space between

RSA, PKCS #1 v1.5, SHA-256, in lower-case hex. `queryCompleteTime` is when the results were delivered: the key is looked
for among those of that time.
"""

from collections.abc import Sequence

import msgspec

from opentrail.clock import as_datetime
from opentrail.record.times import format_event_time

SIGN_FILE = "result_sign.json"


class SignedFile(msgspec.Struct, frozen=True):
    """A result file. `fileHashValue`: lower-case hex SHA-256 of its bytes as they are stored."""

    fileHashValue: str  # noqa: N815 - the format's own names
    fileName: str  # noqa: N815


class _SignFile(msgspec.Struct, frozen=True, kw_only=True):
    version: str = "1.0"
    region: str
    files: Sequence[SignedFile]
    hashAlgorithm: str = "SHA-256"  # noqa: N815
    signatureAlgorithm: str = "SHA256withRSA"  # noqa: N815
    queryCompleteTime: str  # noqa: N815
    hashSignature: str  # noqa: N815
    publicKeyFingerprint: str  # noqa: N815


def results_prefix(prefix: str, account: str, query_id: str, delivered_us: int) -> str:
    """The beginning of the keys of a query's files, with its last slash."""
    day = as_datetime(delivered_us).strftime("%Y/%m/%d")
    before = f"{prefix}/" if prefix else ""
    return f"{before}AWSLogs/{account}/CloudTrail-Lake/Query/{day}/{query_id}/"


def string_to_sign(files: Sequence[SignedFile]) -> bytes:
    """What is signed of `files`."""
    return " ".join(file.fileHashValue for file in files).encode()


def sign_file(region: str, files: Sequence[SignedFile], complete_us: int, signature: str, fingerprint: str) -> bytes:
    """The bytes of result_sign.json."""
    return msgspec.json.encode(
        _SignFile(
            region=region,
            files=files,
            queryCompleteTime=format_event_time(complete_us),
            hashSignature=signature,
            publicKeyFingerprint=fingerprint,
        )
    )
