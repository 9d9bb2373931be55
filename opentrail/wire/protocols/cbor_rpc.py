"""Smithy RPC v2 CBOR: service and operation in the path, the parameters as one CBOR map."""

import base64
import struct
from typing import Any, Final

from opentrail import limits
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.call import ParsedRequest, UnreadableCall
from opentrail.wire.protocols.json_rpc import compiled

_MARKER: Final = "/operation/"
_INDEFINITE: Final = 31
_BREAK: Final = 0xFF
_SIMPLE: Final[dict[int, Any]] = {20: False, 21: True, 22: None, 23: None}


def read(service: str, request: HttpRequest, body: bytes | None) -> ParsedRequest:
    """The call in a CBOR request; no body given (None) raises UnreadableCall that knows the operation."""
    name = request.path.rpartition(_MARKER)[2].strip("/") if _MARKER in request.path else ""
    operation, rename = compiled(service, name)
    if body is None:
        raise UnreadableCall("body was not held", operation)
    try:
        parameters = decode(body) if body else {}
    except UnreadableCall as error:
        raise UnreadableCall(error.reason, operation) from error
    if not isinstance(parameters, dict):
        raise UnreadableCall("body is not a CBOR map", operation)
    return ParsedRequest(service, operation, "cbor", rename(parameters) if rename is not None else parameters)


def decode(encoded: bytes) -> Any:
    """One CBOR value; byte strings become base64 text, tags are dropped. Raises UnreadableCall."""
    decoder = _Decoder(encoded)
    try:
        return decoder.value(0)
    except (IndexError, struct.error, ValueError, OverflowError) as error:
        raise UnreadableCall("body is not CBOR") from error


class _Decoder:
    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._at = 0

    def value(self, depth: int) -> Any:
        if depth > limits.PARAMETER_DEPTH:
            raise UnreadableCall("parameters are nested too deep")
        initial = self._encoded[self._at]
        self._at += 1
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self._simple(info)
        if info == _INDEFINITE:
            return self._indefinite(major, depth)
        size = self._argument(info)
        if major == 0:
            return size
        if major == 1:
            return -1 - size
        if major in (2, 3):
            return self._text(major, self._take(size))
        if major == 4:
            return [self.value(depth + 1) for _ in range(self._bounded(size))]
        if major == 5:
            return {self._key(depth): self.value(depth + 1) for _ in range(self._bounded(size))}
        return self.value(depth + 1)  # a tag: its value alone

    def _indefinite(self, major: int, depth: int) -> Any:
        if major == 4:
            items = []
            while not self._ended():
                items.append(self.value(depth + 1))
            return items
        if major == 5:
            found = {}
            while not self._ended():
                key = self._key(depth)
                found[key] = self.value(depth + 1)
            return found
        if major not in (2, 3):
            raise ValueError("indefinite length of a number")
        parts = []
        while not self._ended():
            initial = self._encoded[self._at]
            self._at += 1
            if initial >> 5 != major or initial & 31 == _INDEFINITE:
                raise ValueError("chunk of another type")
            parts.append(self._take(self._argument(initial & 31)))
        return self._text(major, b"".join(parts))

    def _ended(self) -> bool:
        if self._encoded[self._at] == _BREAK:
            self._at += 1
            return True
        return False

    def _key(self, depth: int) -> str:
        key = self.value(depth + 1)
        if not isinstance(key, str):
            raise ValueError("key is not a text")
        return key

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise ValueError("reserved length")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _bounded(self, count: int) -> int:
        if count > len(self._encoded) - self._at:  # every item takes a byte at least
            raise ValueError("more items than bytes")
        return count

    def _take(self, size: int) -> bytes:
        taken = self._encoded[self._at : self._at + size]
        if len(taken) != size:
            raise ValueError("cut short")
        self._at += size
        return taken

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        form = {25: ">e", 26: ">f", 27: ">d"}.get(info)
        if form is None:
            raise ValueError("unknown simple value")
        value = struct.unpack(form, self._take(1 << (info - 24)))[0]
        return value if value - value == 0 else str(value)

    @staticmethod
    def _text(major: int, taken: bytes) -> str:
        return base64.b64encode(taken).decode("ascii") if major == 2 else taken.decode("utf-8", "replace")
