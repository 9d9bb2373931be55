"""Documents of log files to the raw bytes of their records.

A document is `{"Records":[..]}`, a JSON array of records, one record, or JSON lines of any of these; envelopes of
other services give the records that they carry (see `wrapping`). A record keeps every byte it came with; only where it
spreads over several lines is the white space between its tokens taken out, so that a record is always one line. The
fast way lets msgspec cut the document without decoding it; a document that it refuses (one bad record spoils the whole
array) is cut by a scanner of its own, which sets the bad elements aside.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from opentrail.record.faults import NotALogFile
from opentrail.record.wrapping import carries_record, is_whole_line, opened, without_export_time

_SPACE = b" \t\r\n"
_BRACE = 0x7B
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A string (the closing quote may be missing at the end of a cut document) or white space.
_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|[ \t\r\n]++', re.DOTALL)
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_PLAIN_VALUE = re.compile(rb"[^\s,\[\]{}\"]+")
_FILE_HEAD = re.compile(rb'\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*\[')


# msgspec does not take Raw in a union with None: a field that is not there is this one value.
_ABSENT = msgspec.Raw(b"")


class _File(msgspec.Struct, gc=False):
    """What tells a log file from a digest file and from a record that stands alone."""

    Records: list[msgspec.Raw] | None = None
    eventVersion: msgspec.Raw = _ABSENT  # noqa: N815 - the record's own names
    eventID: msgspec.Raw = _ABSENT  # noqa: N815
    eventName: msgspec.Raw = _ABSENT  # noqa: N815
    eventTime: msgspec.Raw = _ABSENT  # noqa: N815
    eventId: msgspec.Raw = _ABSENT  # noqa: N815
    digestStartTime: msgspec.Raw = _ABSENT  # noqa: N815
    digestEndTime: msgspec.Raw = _ABSENT  # noqa: N815
    logFiles: msgspec.Raw = _ABSENT  # noqa: N815

    @property
    def is_record(self) -> bool:
        marks = (self.eventVersion, self.eventID, self.eventName, self.eventTime, self.eventId)
        return any(mark is not _ABSENT for mark in marks)

    @property
    def is_digest(self) -> bool:
        return self.digestEndTime is not _ABSENT and (
            self.logFiles is not _ABSENT or self.digestStartTime is not _ABSENT
        )


@dataclass(frozen=True, slots=True)
class SplitFault:
    """An element of a document that is no record: its index among the elements (from 0) and why, in plain words."""

    index: int
    reason: str


_file = msgspec.json.Decoder(_File)
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_any_value = msgspec.json.Decoder(msgspec.Raw)


def split_records(document: bytes) -> list[bytes]:
    """The raw records of `document`, each one line; bad elements are passed over (`split_with_faults` names them).

    Raises NotALogFile where there is nothing like a record in it; its `kind` tells digest files apart.
    """
    return [raw for _, raw in split_with_faults(document)[0]]


def split_with_faults(
    document: bytes, mended: Callable[[bytes], bytes] | None = None
) -> tuple[list[tuple[int, bytes]], list[SplitFault]]:
    """The raw records with their index among the document's elements, and the elements that are none.

    An index counts records and faults alike, from 0 and without gaps. That a raw record is well-formed JSON in UTF-8 is
    promised by `view.view`, not here. `mended`: what makes another document of one that is not well-formed, to be tried
    before it is cut by scanning. Raises NotALogFile.
    """
    body = document.removeprefix(_BYTE_ORDER_MARK).strip(_SPACE)
    if not body:
        raise NotALogFile("the file is empty", "empty")
    try:
        elements = opened([bytes(element) for element in _quick_elements(body)])
    except (msgspec.DecodeError, RecursionError):
        other = body if mended is None else mended(body)
        return _split_by_scanning(body) if other == body else split_with_faults(other)
    if b"\n" in body or b"\r" in body or not all(element[0] == _BRACE for element in elements):
        return _sort_elements(elements)
    return list(enumerate(elements)), []


def one_line(raw: bytes) -> bytes:
    """`raw` itself where it is one line; otherwise without the white space between its tokens."""
    if b"\n" not in raw and b"\r" not in raw:
        return raw
    try:
        return msgspec.json.format(raw, indent=-1)  # copies numbers and strings as they stand
    except (msgspec.DecodeError, RecursionError):
        return _STRING_OR_SPACE.sub(rb"\1", raw)


def _quick_elements(body: bytes) -> list[msgspec.Raw]:
    """The elements of a document that is one JSON value; raises DecodeError where it is not."""
    if body[:1] == b"[":
        return _elements.decode(body)
    if body[:1] != b"{":
        raise msgspec.DecodeError("neither an object nor an array")
    return _elements_of_object(body)


def _elements_of_object(body: bytes) -> list[msgspec.Raw]:
    """The records of a log file, or the one record that the object is; raises NotALogFile for other objects."""
    try:
        file = _file.decode(body)
    except msgspec.ValidationError as fault:
        raise NotALogFile("its Records is no list", "other") from fault
    if file.Records is not None:
        return file.Records
    if file.is_record or carries_record(body):
        return [msgspec.Raw(body)]
    if file.is_digest:
        raise NotALogFile("it is a digest file: it vouches for log files and holds no records", "digest")
    raise NotALogFile("it is a JSON object without Records and without the fields of a record", "other")


def _sort_elements(elements: list[bytes]) -> tuple[list[tuple[int, bytes]], list[SplitFault]]:
    good: list[tuple[int, bytes]] = []
    faults: list[SplitFault] = []
    for index, element in enumerate(elements):
        if element[:1] == b"{":
            good.append((index, one_line(element)))
        else:
            faults.append(SplitFault(index, f"not an object but {_kind(element)}"))
    return good, faults


def _split_by_scanning(body: bytes) -> tuple[list[tuple[int, bytes]], list[SplitFault]]:
    """The elements of JSON lines, of values that follow each other, and of documents that are broken somewhere."""
    head = _FILE_HEAD.match(body)
    if head is not None and not _is_several_values(body):
        pieces = list(_scan(body, head.end()))
    elif body[:1] == b"[":
        pieces = list(_scan(body, 1))
    else:
        pieces = list(_expanded(_lines_or_values(body)))
    pieces = _opened_pieces(pieces)
    good: list[tuple[int, bytes]] = []
    faults: list[SplitFault] = []
    for index, (piece, fault) in enumerate(pieces):
        reason = fault if fault is not None else _why_no_record(piece)
        if reason is None:
            good.append((index, one_line(piece)))
        else:
            faults.append(SplitFault(index, reason))
    cut = body[:1] in (b"{", b"[") and any(fault.reason.startswith("cut off") for fault in faults)
    if not good and not cut:
        raise NotALogFile("it is neither JSON nor JSON lines", "not-json")
    return good, faults


def _opened_pieces(pieces: list[tuple[bytes, str | None]]) -> list[tuple[bytes, str | None]]:
    """The same with records in place of the envelopes that carry them."""
    if not any(fault is None and carries_record(piece) for piece, fault in pieces[:1]):
        return pieces
    return [(part, fault) for piece, fault in pieces for part in ([piece] if fault is not None else opened([piece]))]


def _is_several_values(body: bytes) -> bool:
    """Whether another value follows the first one: JSON lines of log files."""
    end = _end_of_value(body, 0)
    return end is not None and bool(body[end:].strip(_SPACE))


def _lines_or_values(body: bytes) -> Iterator[tuple[bytes, str | None]]:
    """Top-level values: one a line, or spread over lines where a line alone is no value."""
    lines = [without_export_time(stripped) for line in body.split(b"\n") if (stripped := line.strip(_SPACE))]
    whole = sum(1 for line in lines if is_whole_line(line))
    if 2 * whole >= len(lines):
        for line in lines:
            yield line, None
    else:
        yield from _scan(body, 0)


def _expanded(pieces: Iterator[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, str | None]]:
    """Lines that are log files themselves give their records."""
    for piece, fault in pieces:
        if fault is None and _FILE_HEAD.match(piece) is not None:
            try:
                records = _elements_of_object(piece)
            except (msgspec.DecodeError, RecursionError, NotALogFile):
                yield piece, None
            else:
                for record in records:
                    yield bytes(record), None
        else:
            yield piece, fault


def _scan(body: bytes, position: int) -> Iterator[tuple[bytes, str | None]]:
    """Values from `position` on, separated by commas or white space, up to the bracket that closes their list."""
    length = len(body)
    while position < length:
        byte = body[position : position + 1]
        if byte in b" \t\r\n,":
            position += 1
        elif byte in b"]}":
            return
        elif byte in b'{["':
            end = _end_of_value(body, position)
            if end is None:
                yield body[position:], "cut off: the document ends inside it"
                return
            yield body[position:end], None
            position = end
        else:
            match = _PLAIN_VALUE.match(body, position)
            end = match.end() if match is not None else position + 1
            yield body[position:end], None
            position = end


def _end_of_value(body: bytes, start: int) -> int | None:
    """Where the object, array or string at `start` ends; None where the document ends first."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(body, start):
        byte = body[token.start()]
        if byte == 0x22:
            if not token.group(1):
                return None
        elif byte in b"{[":
            depth += 1
        else:
            depth -= 1
        if depth <= 0:
            return token.end()
    return None


def _why_no_record(piece: bytes) -> str | None:
    """The reason why `piece` cannot be a record, or None where it can."""
    if piece[:1] != b"{":
        return f"not an object but {_kind(piece)}"
    try:
        _any_value.decode(piece)
    except (msgspec.DecodeError, RecursionError):
        return _why_not_json(piece)
    return None


def _why_not_json(piece: bytes) -> str | None:
    """msgspec refuses lone surrogates (`"\\ud800"`), which JSON's grammar allows: those are no fault."""
    try:
        json.loads(piece, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return None  # the view says so with its own reason
    except RecursionError:
        return "nested too deeply"
    except ValueError as fault:
        return f"not JSON: {fault}"
    return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _kind(element: bytes) -> str:
    first = element[:1]
    if first == b"[":
        return "an array"
    if first == b'"':
        return "a string"
    if first in b"-0123456789" and first:
        return "a number"
    return "null" if element == b"null" else "true or false" if element in (b"true", b"false") else "no JSON value"
