"""Bodies that are read for the record without their gzip or deflate coding, within bounds."""

import zlib

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # tells by the header which of both it is


def without_content_coding(body: bytes, content_encoding: str, limit_bytes: int) -> bytes | None:
    """`body` inflated as its Content-Encoding says; None where it cannot be, or would pass `limit_bytes`."""
    if not content_encoding:
        return body
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity", "aws-chunked")]
    if not codings or not body:
        return body
    if len(codings) > 1 or codings[0] not in ("gzip", "x-gzip", "deflate"):
        return None
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        inflated = inflater.decompress(body, limit_bytes + 1)
    except zlib.error:
        return None
    return inflated if inflater.eof and len(inflated) <= limit_bytes else None
