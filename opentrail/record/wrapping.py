"""Records out of what other services carry them in: one record here may be a text in an envelope there.

    EventBridge                 {"detail-type": .., "detail": {record}}, also as a message's body
    LookupEvents, one event     {"EventId": .., "CloudTrailEvent": "record"}
    LookupEvents, an answer     {"Events": [..]}
    CloudWatch Logs             {"logEvents": [{"message": "record"}]} of a subscription, {"events": [..]} of an answer
    CloudWatch Logs, exported   2026-03-04T10:15:31.000Z {record}, a line each
    texts                       "record", as a query of the CLI prints them

Only where a document begins with an envelope are its elements looked into, so that log files cost nothing. The text
that an envelope carries is the record's own, byte for byte.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

_LEVELS: Final = 6  # a log file in an event in a message in an answer
_LOOKED_AT: Final = 16
_STRING: Final = 0x22
_BRACE: Final = 0x7B
_EXPORTED_LINE: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z[ \t]+(?=\{)", re.ASCII)

_ABSENT: Final = msgspec.Raw(b"")


class _Envelope(msgspec.Struct, gc=False):
    """What tells the envelopes from records, which have a version."""

    eventVersion: msgspec.Raw = _ABSENT  # noqa: N815 - the documents' own names
    detail: msgspec.Raw = _ABSENT
    detail_type: msgspec.Raw = msgspec.field(default=_ABSENT, name="detail-type")
    CloudTrailEvent: msgspec.Raw = _ABSENT
    message: msgspec.Raw = _ABSENT
    body: msgspec.Raw = _ABSENT
    Body: msgspec.Raw = _ABSENT
    Message: msgspec.Raw = _ABSENT
    Records: msgspec.Raw = _ABSENT
    Events: msgspec.Raw = _ABSENT
    events: msgspec.Raw = _ABSENT
    logEvents: msgspec.Raw = _ABSENT  # noqa: N815
    Messages: msgspec.Raw = _ABSENT

    def carried(self) -> list[bytes]:
        """The values in which records may be; none where this is a record or a document of another kind."""
        if self.eventVersion is not _ABSENT:
            return []
        if self.detail_type is not _ABSENT:
            return [bytes(self.detail)] if self.detail is not _ABSENT else []
        texts = (self.CloudTrailEvent, self.message, self.body, self.Body, self.Message)
        found = [bytes(text) for text in texts if bytes(text)[:1] == b'"']
        for listed in (self.Records, self.Events, self.events, self.logEvents, self.Messages):
            if bytes(listed)[:1] == b"[":
                found += map(bytes, _elements.decode(listed))
        return found


_envelope = msgspec.json.Decoder(_Envelope)
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)


def opened(elements: list[bytes]) -> list[bytes]:
    """`elements` themselves where the first few carry no record; else what they all carry, in their order.

    An element that carries nothing stays, for others to say what is wrong with it.
    """
    if not elements or not _carried(elements[0]):
        return elements
    looked_at = _opened(elements[:_LOOKED_AT], _LEVELS)
    return list(_opened(elements, _LEVELS)) if any(_has_version(part) for part in looked_at) else elements


def carries_record(element: bytes) -> bool:
    """Whether an element is an envelope with a record in it."""
    return opened([element]) != [element]


def is_whole_line(line: bytes) -> bool:
    """Whether a line begins and ends as an object does, or as the text of one."""
    return line[:1] + line[-1:] == b"{}" or line[:2] + line[-2:] == b'"{}"'


def without_export_time(line: bytes) -> bytes:
    """A line of an export of CloudWatch Logs without the time before its message; other lines as they are."""
    found = _EXPORTED_LINE.match(line)
    return line if found is None else line[found.end() :]


def _opened(elements: Iterable[bytes], levels: int) -> Iterator[bytes]:
    for element in elements:
        carried = _carried(element) if levels else []
        if carried:
            yield from _opened(carried, levels - 1)
        else:
            yield element


def _carried(element: bytes) -> list[bytes]:
    """What an element carries: one or more values that are records or envelopes themselves; empty for a record."""
    first = element[0] if element else 0
    try:
        if first == _STRING:
            text = _text.decode(element).encode().strip()
            return [text] if text[:1] == b"{" else []
        return _envelope.decode(element).carried() if first == _BRACE else []
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return []


def _has_version(element: bytes) -> bool:
    try:
        return element[:1] == b"{" and _envelope.decode(element).eventVersion is not _ABSENT
    except (msgspec.DecodeError, RecursionError):
        return False
