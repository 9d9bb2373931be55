"""From one stored object to the raw records in it, in parts, whatever the object's form and size.

Forms: `{"Records":[..]}` (log files, history downloads), a JSON array, JSON lines, one record; each gzip or not, and
each with records or with the envelopes in which other services carry them (`record.wrapping`).
A document of up to limits.IMPORT_CHUNK_BYTES is split whole. A longer one is cut as it comes: lines at their ends,
lists after the last element that is complete, so that memory stays bounded however long the document is.
A prefix of a list that is itself a well-formed list ends at an element: JSON is read from left to right.

Where gzip data turns out damaged (a checksum that does not fit), a whole document is not believed and gives no record;
of a longer one the records that came before are out already, and the fault says so. A stream that merely ends early
gives what is complete in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from opentrail import limits
from opentrail.objects.inflating import DocumentReader
from opentrail.objects.port import ObjectReader
from opentrail.record.faults import NotALogFile
from opentrail.record.text import one_line, split_with_faults
from opentrail.record.wrapping import carries_record, opened, without_export_time

CUTS_TRIED = 8
LINES_LOOKED_AT = 64

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LIST_HEAD = re.compile(rb'\s*(?:\{\s*"(?:Records|Events|events)"\s*:\s*)?\[')
_LOG_FILE_HEAD = re.compile(rb'\s*(?:\[|\{\s*"Records"\s*:)')
# Between two elements of a list; the first form is what AWS writes and seldom stands deeper inside a record.
_RECORD_SEAM = re.compile(rb'\}\s*(,)\s*(?=\{\s*"eventVersion")')
_ELEMENT_SEAM = re.compile(rb"\}\s*(,)\s*(?=\{)")
# Between log files written one after the other; cannot stand in well-formed JSON, inside a string or outside.
_FILE_SEAM = re.compile(rb'\]\s*\}\s*\{\s*"Records"\s*:\s*\[')
# A string, of which the closing quote may be missing, or a bracket.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)

_elements = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Fault:
    """What was set aside, and why: the element of that index (from 0), or with None the file or its rest."""

    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some records of an object with their index among its elements, in order, and what is no record."""

    raws: list[tuple[int, bytes]]
    faults: list[Fault] = field(default_factory=list)


def read_records(reader: ObjectReader, max_inflated_bytes: int = limits.IMPORT_INFLATED_BYTES) -> Iterator[Part]:
    """The records of one object, in parts of bounded size. A well-formed record keeps its bytes; see record.text.

    What cannot be read is a Fault, and what came before it is kept. Raises NotALogFile, before any part, where the
    object holds no records at all and nothing is wrong with its storage; and what `reader` raises.
    """
    document = DocumentReader(reader, max_inflated_bytes)
    head = document.read(limits.IMPORT_CHUNK_BYTES + 1)
    if len(head) <= limits.IMPORT_CHUNK_BYTES:
        if not document.damaged:
            yield from _whole(document, head)
        note = ""
    else:
        yield from _long(document, head.removeprefix(_BYTE_ORDER_MARK))
        note = "; the records before that were read"
    if document.fault is not None:
        yield Part([], [Fault(None, document.fault + note)])


def _whole(document: DocumentReader, text: bytes) -> Iterator[Part]:
    try:
        raws, faults = split_with_faults(text, _files_joined)
    except NotALogFile:
        if document.fault is None:
            raise
        return  # the caller tells the fault of storage, which explains this one
    yield Part(raws, [Fault(fault.index, fault.reason) for fault in faults])


def _files_joined(text: bytes) -> bytes:
    """Log files that were written one after the other, as one; other text as it is."""
    return _FILE_SEAM.sub(b",", text) if text.count(b'"Records"') > 1 else text


def _long(document: DocumentReader, head: bytes) -> Iterator[Part]:
    opening = _LIST_HEAD.match(head)
    if opening is not None:
        return _cut_list(document, head[opening.end() :], opening.group())
    if _looks_like_lines(head):
        return _cut_lines(document, head)
    text = head + document.read(limits.IMPORT_DOCUMENT_BYTES + 1 - len(head))
    if len(text) > limits.IMPORT_DOCUMENT_BYTES:
        if text.lstrip()[:1] not in (b"{", b'"'):
            raise NotALogFile("it is neither JSON nor JSON lines", "not-json")
        return iter([Part([], [Fault(None, f"no record ends within {limits.IMPORT_DOCUMENT_BYTES} bytes")])])
    if not text.strip():
        raise NotALogFile("the file is empty", "empty")
    if text.count(b",") + text.count(b"\n") > limits.IMPORT_DOCUMENT_VALUES:
        return iter([Part([], [Fault(None, f"holds more than {limits.IMPORT_DOCUMENT_VALUES} values")])])
    return _whole(document, text)


def _looks_like_lines(head: bytes) -> bool:
    """Whether most of the first lines begin and end as objects do; the last one may be incomplete."""
    lines = [
        without_export_time(line.strip())
        for line in head[: limits.IMPORT_CHUNK_BYTES].split(b"\n", LINES_LOOKED_AT)[:-1]
    ]
    filled = [line for line in lines if line]
    objects = [line for line in filled if line[:1] in (b"{", b"[") and line[-1:] in (b"}", b"]")]
    return bool(objects) and 2 * len(objects) >= len(filled)


def _cut_lines(document: DocumentReader, buffer: bytes) -> Iterator[Part]:
    index = 0
    while buffer:
        end = buffer.rfind(b"\n")
        if end < 0 and len(buffer) > limits.IMPORT_CHUNK_BYTES:
            buffer = _after_line(document)
            yield Part([], [Fault(index, f"a line longer than {limits.IMPORT_CHUNK_BYTES} bytes")])
            index += 1
            continue
        more = document.read(limits.IMPORT_CHUNK_BYTES + 1)
        if not more:
            end = len(buffer)
        elif end < 0:
            buffer += more
            continue
        part = _lines_to_part(buffer[:end], index)
        if part.raws or part.faults:
            index = 1 + max([raw[0] for raw in part.raws[-1:]] + [fault.index or 0 for fault in part.faults[-1:]])
            yield part
        buffer = buffer[end + 1 :] + more


def _after_line(document: DocumentReader) -> bytes:
    """What follows the end of the line that the document stands in; nothing where the document ends in it."""
    while block := document.read(limits.IMPORT_CHUNK_BYTES):
        end = block.find(b"\n")
        if end >= 0:
            return block[end + 1 :] or document.read(limits.IMPORT_CHUNK_BYTES)
    return b""


def _lines_to_part(text: bytes, index: int) -> Part:
    """Each line a record, or a log file of its own. Whether a record is well formed is for its view to say."""
    part = Part([], [])
    lines = [without_export_time(stripped) for line in text.split(b"\n") if (stripped := line.strip())]
    if lines and carries_record(lines[0]):
        lines = opened(lines)
    for stripped in lines:
        if _LOG_FILE_HEAD.match(stripped) is None:
            part.raws.append((index, one_line(stripped)))
            index += 1
            continue
        try:
            raws, faults = split_with_faults(stripped)
        except NotALogFile as fault:
            part.faults.append(Fault(index, fault.reason))
            index += 1
            continue
        part.raws.extend((index + at, raw) for at, raw in raws)
        part.faults.extend(Fault(index + fault.index, fault.reason) for fault in faults)
        index += len(raws) + len(faults)
    return part


def _cut_list(document: DocumentReader, buffer: bytes, opening: bytes) -> Iterator[Part]:
    index = 0
    while more := document.read(limits.IMPORT_CHUNK_BYTES):
        found = _complete_elements(buffer) or _complete_elements(_FILE_SEAM.sub(b",", buffer)) or _torn(buffer)
        if found is not None:
            part, buffer = found
            yield _shifted(part, index)
            index += len(part.raws) + len(part.faults)
        elif len(buffer) > limits.IMPORT_ELEMENT_BYTES:
            reason = f"no record ends within {limits.IMPORT_ELEMENT_BYTES} bytes; the rest of the file was left"
            yield Part([], [Fault(None, reason)])
            return
        buffer += more
    try:
        raws, faults = split_with_faults(opening + buffer)
    except NotALogFile as fault:
        yield Part([], [Fault(None, fault.reason if document.fault is None else document.fault)])
        return
    yield _shifted(Part(raws, [Fault(fault.index, fault.reason) for fault in faults]), index)


def _complete_elements(buffer: bytes) -> tuple[Part, bytes] | None:
    """As many elements as are complete, and the text after their comma; None where no cut gives a well-formed list."""
    for seam in (_RECORD_SEAM, _ELEMENT_SEAM):
        for cut in _last_seams(seam, buffer):
            try:
                elements = _elements.decode(b"[" + buffer[:cut] + b"]")
            except (msgspec.DecodeError, RecursionError):
                continue
            raws = opened([bytes(raw) for raw in elements])
            return Part([(at, one_line(raw)) for at, raw in enumerate(raws)]), buffer[cut + 1 :]
    return None


def _torn(buffer: bytes) -> tuple[Part, bytes] | None:
    """The same where an element is broken: the scanner of `split_with_faults` sets it aside and goes on."""
    if len(buffer) <= limits.IMPORT_CHUNK_BYTES:
        return None
    text = _FILE_SEAM.sub(b",", buffer)
    end = _end_of_last_element(text)
    if not end:
        return None
    try:
        raws, faults = split_with_faults(b"[" + text[:end] + b"]")
    except NotALogFile:
        return None
    return Part(raws, [Fault(fault.index, fault.reason) for fault in faults]), text[end:].lstrip(b" \t\r\n,")


def _end_of_last_element(text: bytes) -> int:
    """Where the last object that is closed on the level of `text` ends; 0 where none is."""
    depth = end = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        byte = token.group()[:1]
        if byte == b'"':
            continue
        depth += 1 if byte in b"{[" else -1
        if depth == 0:
            end = token.end()
        elif depth < 0:
            break
    return end


def _last_seams(seam: re.Pattern[bytes], buffer: bytes) -> list[int]:
    """Where the commas of the last few matches stand, last first; the tail of the buffer is looked at alone."""
    for start in (max(0, len(buffer) - limits.IMPORT_CHUNK_BYTES // 16), 0):
        cuts = [match.start(1) for match in seam.finditer(buffer, start)]
        if cuts:
            return cuts[: -CUTS_TRIED - 1 : -1]
    return []


def _shifted(part: Part, by: int) -> Part:
    if not by:
        return part
    return Part(
        [(index + by, raw) for index, raw in part.raws],
        [Fault(None if fault.index is None else fault.index + by, fault.reason) for fault in part.faults],
    )
