"""The bytes of heads, and which of their headers belong to one hop only.

Names and values of headers and every byte of path and query travel as they came, but for what belongs to one hop.
Texts hold the bytes of the wire as Latin-1. Names of headers are looked up as they come: clients use few.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from opentrail.recorder.answers.refusals import MalformedRequest

TextHeaders = Sequence[tuple[str, str]]
ByteHeaders = Sequence[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
OWN_TO_US = frozenset({"content-length", "expect"})  # set anew; 100 Continue is between the client and us
NEVER_NAMED = frozenset({"host", "date", "range", "authorization"})  # `Connection: host` is no hop's
_NEVER_NAMED_KINDS = ("x-amz-", "content-", "if-", "smithy-")  # nor is what the record has read
_NOT_FORWARDED = HOP_BY_HOP | OWN_TO_US

# What a header is to us; ORDINARY ones pass.
ORDINARY, HOP, CONNECTION, CODING, LENGTH, EXPECT, HOST = range(7)
_KINDS = dict.fromkeys((name.encode("ascii") for name in HOP_BY_HOP), HOP) | {
    b"connection": CONNECTION,
    b"transfer-encoding": CODING,
    b"content-length": LENGTH,
    b"expect": EXPECT,
    b"host": HOST,
}
_NAMES_REMEMBERED = 2000


class _Kinds(dict[bytes, int]):
    """What a header is to us, by its name as it comes."""

    def __missing__(self, name: bytes) -> int:
        kind = _KINDS.get(name.lower(), ORDINARY)
        if len(self) < _NAMES_REMEMBERED:
            self[name] = kind
        return kind


class _LowerNames(dict[bytes, str]):
    """Names of headers as text in lower case, by the name as it comes."""

    def __missing__(self, name: bytes) -> str:
        lower = name.decode("latin-1").lower()
        if len(self) < _NAMES_REMEMBERED:
            self[name] = lower
        return lower


KIND_OF = _Kinds()
LOWER_NAME = _LowerNames()

BODILESS = frozenset({204, 304})  # answers that never have a body, whatever their head says
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED_LINE = b"transfer-encoding: chunked\r\n"
CLOSE_LINE = b"connection: close\r\n"
KEEP_ALIVE_LINE = b"connection: keep-alive\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a request that are meant for the upstream; names in lower case."""
    kept = [pair for pair in headers if pair[0] not in _NOT_FORWARDED or pair[0] == "connection"]
    if "connection" not in dict(kept):
        return kept
    named = {token.strip().lower() for name, value in kept if name == "connection" for token in value.split(",")}
    dropped = {name for name in named if not _never_named(name)} | {"connection"}
    return [(name, value) for name, value in kept if name not in dropped]


def passed_on(headers: ByteHeaders, *, length: bool = True) -> list[tuple[bytes, bytes]]:
    """The headers of a message that are not for one hop only; Content-Length among them if `length`."""
    passing = (ORDINARY, HOST, LENGTH) if length else (ORDINARY, HOST)
    kept = []
    named: set[str] = set()
    for pair in headers:
        kind = KIND_OF[pair[0]]
        if kind in passing:
            kept.append(pair)
        elif kind == CONNECTION and pair[1] not in (b"close", b"keep-alive", b"Keep-Alive"):
            named.update(token.strip().lower() for token in pair[1].decode("latin-1").split(","))
    if named:
        return [pair for pair in kept if (name := LOWER_NAME[pair[0]]) not in named or _never_named(name)]
    return kept


def request_head(method: str, target: str, headers: TextHeaders, length: int | None, *, chunked: bool) -> bytes:
    """The head that an upstream gets; `length` None: no body, or `chunked`.

    Raises MalformedRequest where a text is neither ASCII nor UTF-8, or breaks the line it stands in.
    """
    lines = [f"{method} {target} HTTP/1.1"]
    lines += map(": ".join, headers)
    if length is not None:
        lines.append(f"content-length: {length}")
    elif chunked:
        lines.append("transfer-encoding: chunked")
    line_ends = len(lines) + 1
    lines.append("\r\n")
    text = "\r\n".join(lines)
    if text.count("\n") != line_ends or text.count("\r") != line_ends:
        raise MalformedRequest("A header holds a line end.")
    head = text.encode("latin-1")
    if not text.isascii():
        try:
            head.decode("utf-8")
        except UnicodeDecodeError as failure:
            raise MalformedRequest("A header or the path is neither ASCII nor UTF-8.") from failure
    return head


def status_line(status: int) -> bytes:
    """The first line of an answer."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def header_lines(headers: ByteHeaders) -> bytes:
    """The lines of `headers`, each with its end."""
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


def declared_length(headers: ByteHeaders) -> int | None:
    """What Content-Length says; None without one."""
    for name, value in headers:
        if KIND_OF[name] == LENGTH and value.isdigit():
            return int(value)
    return None


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of the chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _never_named(name: str) -> bool:
    return name in NEVER_NAMED or name.startswith(_NEVER_NAMED_KINDS)
