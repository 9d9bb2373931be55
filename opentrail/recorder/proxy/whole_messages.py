"""Requests and answers that have come whole in one read, the usual case: taken apart without a call for each header.

The parser judges them byte by byte as it does all others, only without telling their headers; which of these are more
than ORDINARY is found by one search. What is not plainly one message of a told length that keeps its connection is left
to the connection's own parser, which reads it from its first byte on, or refuses it.
"""

import re

import httptools
import msgspec

from opentrail import limits
from opentrail.recorder.proxy.head_rules import Framing
from opentrail.recorder.proxy.heads import (
    BODILESS,
    HOP_BY_HOP,
    HOST,
    KIND_OF,
    LENGTH,
    OWN_TO_US,
    ByteHeaders,
    header_lines,
)

_HEAD_END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"([A-Z-]+) (/[!-\"$-~]*) HTTP/1\.1\r\n")
_SHORTEST_HEADER_BYTES = 4  # a letter, a colon, the line's end
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-9][0-9][0-9]) [\t -~]*\r\n")  # the phrase goes on as it came
_MARKED_NAMES = sorted({"host"} | HOP_BY_HOP | OWN_TO_US)
_INITIALS = "".join(sorted({initial for name in _MARKED_NAMES for initial in (name[0], name[0].upper())}))
# The headers that are not ORDINARY, of a head that the parser takes: a line cannot hold a line end.
_MARKED = re.compile(rf"\n(?=[{_INITIALS}])({'|'.join(_MARKED_NAMES)}):[ \t]*([^\r\n]*)\r".encode(), re.IGNORECASE)
_HEADERS = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*)\r\n")
_LENGTH_DIGITS = 18  # int() raises at thousands of them
_NO_BODY = Framing(None, False, False, False)


class _Whole(msgspec.Struct, frozen=True, gc=False):
    """A message of which nothing is still to come, and whose headers are all for who is next."""

    data: bytes  # all of it, as it came
    start: int  # of the headers' lines in it
    end: int  # of them: an empty line follows, and the body

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Names and values as they came."""
        return _HEADERS.findall(self.data, self.start, self.end)

    @property
    def body(self) -> bytes:
        """Its body."""
        return self.data[self.end + 2 :]


class WholeRequest(_Whole, frozen=True, gc=False):
    """Such a request."""

    method: bytes
    target: bytes
    framing: Framing

    @property
    def lines(self) -> bytes:
        """The headers, each with its line's end."""
        return self.data[self.start : self.end]

    def with_headers(self, further: ByteHeaders) -> bytes:
        """All of it, with `further` headers."""
        if not further:
            return self.data
        return self.data[: self.end] + header_lines(further) + self.data[self.end :]


class WholeAnswer(_Whole, frozen=True, gc=False):
    """Such an answer."""

    status: int


class _Judge:
    """One parser for the whole messages of many connections: between two of them it remembers nothing."""

    def __init__(self, parser: type[httptools.HttpRequestParser] | type[httptools.HttpResponseParser]) -> None:
        self._kind = parser
        self._parser = parser(self)
        self._complete = 0

    def on_message_complete(self) -> None:
        """A message is whole."""
        self._complete += 1

    def is_one_message(self, data: bytes) -> bool:
        """Whether the parser takes `data` for one message."""
        self._complete = 0
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._complete = 0
        if self._complete == 1:
            return True
        self._parser = self._kind(self)
        return False


class WholeRequests:
    """Reads the requests of one event loop that come whole."""

    def __init__(self) -> None:
        self._judge = _Judge(httptools.HttpRequestParser)

    def read(self, data: bytes) -> WholeRequest | None:
        """The one request that `data` is, to be sent on with all its headers; None where it must be looked at anew."""
        end = data.find(_HEAD_END) + 2
        line = _REQUEST_LINE.match(data)
        if line is None or not 2 < end < limits.REQUEST_HEAD_BYTES:
            return None
        most = limits.REQUEST_HEADERS
        if end > most * _SHORTEST_HEADER_BYTES and data.count(b"\n", 0, end) > most:
            return None
        hosts, length = 0, None
        for name, value in _MARKED.findall(data, 0, end):
            kind = KIND_OF[name]
            if kind == HOST:
                hosts += 1
            elif kind == LENGTH and length is None and value.isdigit() and len(value) <= _LENGTH_DIGITS:
                length = int(value)
            else:
                return None
        if hosts != 1 or len(data) != end + 2 + (length or 0) or not self._judge.is_one_message(data):
            return None
        framing = _NO_BODY if length is None else Framing(length, False, False, False)
        return WholeRequest(data, line.end(), end, line[1], line[2], framing)


class WholeAnswers:
    """Reads the answers of one upstream that come whole."""

    def __init__(self) -> None:
        self._judge = _Judge(httptools.HttpResponseParser)

    def read(self, data: bytes) -> WholeAnswer | None:
        """The one answer that `data` is, with its length told; None where it must be looked at anew."""
        end = data.find(_HEAD_END) + 2
        line = _STATUS_LINE.match(data)
        if line is None or not 2 < end < limits.UPSTREAM_HEAD_BYTES:
            return None
        marked = _MARKED.findall(data, line.end() - 1, end)
        if len(marked) != 1:
            return None
        ((name, length),) = marked
        if KIND_OF[name] != LENGTH or not length.isdigit() or len(length) > _LENGTH_DIGITS:
            return None
        if len(data) != end + 2 + int(length):
            return None
        status = int(line[1])
        if status in BODILESS or not self._judge.is_one_message(data):
            return None
        return WholeAnswer(data, line.end(), end, status)
