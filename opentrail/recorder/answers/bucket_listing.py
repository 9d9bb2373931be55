"""ListBuckets where one S3 holds the buckets of several accounts: each caller is shown those of his own."""

import re
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import unescape

from opentrail.recorder.call import Call

_BUCKET: Final = re.compile(rb"<Bucket>.*?</Bucket>", re.DOTALL)
_NAME: Final = re.compile(rb"<Name>(.*?)</Name>", re.DOTALL)

Owns = Callable[[str, str], bool]  # an account, a bucket


def is_bucket_listing(call: Call) -> bool:
    """Whether the call asks for all buckets."""
    asked = call.interpreted
    return asked is not None and asked.service == "s3" and asked.operation_name == "ListBuckets"


def of_own_buckets(call: Call, owns: Owns, body: bytes) -> bytes:
    """The answer without the buckets of other accounts than the caller's."""
    account = call.principal.account if call.principal is not None else ""

    def kept(found: re.Match[bytes]) -> bytes:
        name = _NAME.search(found.group())
        own = name is not None and owns(account, unescape(name.group(1).decode("utf-8", "replace")))
        return found.group() if own else b""

    return _BUCKET.sub(kept, body)
