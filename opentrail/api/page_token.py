"""Page tokens: where the next page begins, signed, and good for the question they were issued for alone.

    version (1 byte) | event time in microseconds (8, signed) | position (8) | HMAC-SHA256 (32), as unpadded base64url

The HMAC covers version, place and the question: account, Region, operation, and every member of the request but the
token. A token does not expire; after the master key has changed it is not valid any more.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from opentrail.api.faults import InvalidNextToken
from opentrail.history.lookup import Place

_VERSION: Final = 1
_PLACE: Final = struct.Struct(">BqQ")
_MAC_BYTES: Final = 32
_ENCODED_CHARACTERS: Final = -(-(_PLACE.size + _MAC_BYTES) * 8 // 6)

_encode = msgspec.json.Encoder(order="deterministic").encode


def question(account: str, region: str, operation: str, parameters: Mapping[str, Any]) -> bytes:
    """What a token is bound to; the token itself is left out of `parameters`."""
    members = {name: value for name, value in parameters.items() if name != "NextToken"}
    return _encode([account, region, operation, members])


class PageTokens:
    """Issues and reads the tokens of one server."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, place: Place, asked: bytes) -> str:
        """The token with which the question `asked` goes on after `place`."""
        head = _PLACE.pack(_VERSION, place.time_us, place.position)
        return base64.urlsafe_b64encode(head + self._mac(head, asked)).rstrip(b"=").decode()

    def read(self, token: str, asked: bytes) -> Place:
        """The place after which to go on. Raises InvalidNextToken where anything is not as it was issued."""
        if len(token) != _ENCODED_CHARACTERS:
            raise InvalidNextToken
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidNextToken from error
        head, mac = raw[: _PLACE.size], raw[_PLACE.size :]
        if not hmac.compare_digest(mac, self._mac(head, asked)):
            raise InvalidNextToken
        version, time_us, position = _PLACE.unpack(head)
        if version != _VERSION:
            raise InvalidNextToken
        return Place(time_us, position)

    def _mac(self, head: bytes, asked: bytes) -> bytes:
        return hmac.digest(self._key, head + asked, "sha256")
