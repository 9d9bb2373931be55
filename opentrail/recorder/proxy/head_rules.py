"""Which request heads are refused before anybody reads them: what two readers of HTTP could take for two things.

The parser itself (llhttp, strict) already refuses two lengths, a length beside a transfer coding, space before a
colon, folded lines, bare CR or LF, control characters, and chunk sizes that are no plain hexadecimal numbers. What it
lets pass and an upstream might read otherwise is refused here. No client of AWS sends any of it.
"""

import msgspec

from opentrail import limits
from opentrail.recorder.proxy.heads import CODING, EXPECT, HOST, KIND_OF, LENGTH, ORDINARY, ByteHeaders


class BadHead(Exception):
    """The head of a request is refused."""


class Framing(msgspec.Struct, frozen=True, gc=False):
    """What a request's head says of its body."""

    length: int | None  # None: none, or chunked
    chunked: bool
    awaits_go_on: bool  # it comes after a 100 Continue
    one_hop: bool  # some of the headers are not for the upstream


def framing_of(version: str, target: bytes, headers: ByteHeaders) -> Framing:
    """How the body comes. Raises BadHead."""
    if version != "1.1" and version != "1.0":
        raise BadHead("The version of HTTP is not supported.")
    if target[:1] != b"/" or b"#" in target or not target.isascii():
        raise BadHead("The target of the request is no path.")
    if len(headers) > limits.REQUEST_HEADERS:
        raise BadHead("The request has too many headers.")
    hosts = 0
    length = None
    chunked = awaits_go_on = one_hop = False
    for name, value in headers:
        kind = KIND_OF[name]
        if kind == ORDINARY:
            continue
        if kind == HOST:
            hosts += 1
        elif kind == LENGTH:
            length = int(value)
        elif kind == CODING:
            one_hop = True
            if value.lower() != b"chunked" or version == "1.0":
                raise BadHead("The transfer coding is not supported.")
            chunked = True
        elif kind == EXPECT:
            one_hop = True
            if value.lower() != b"100-continue":
                raise BadHead("What the request expects is not supported.")
            awaits_go_on = True
        else:
            one_hop = True
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise BadHead("The request does not name one host.")
    return Framing(length, chunked, awaits_go_on, one_hop)
