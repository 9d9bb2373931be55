"""Text of the wire to values of the model's types; text that does not fit its type is kept as it was sent."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from opentrail import limits
from opentrail.wire.protocols.call import UnreadableCall

Convert = Callable[[str], Any]

_REMEMBERED_CHARACTERS: Final = 16 * 1024  # of a query or a form whose pairs are kept until others come
_INTEGER_DIGITS: Final = 20  # digits and sign of a 64-bit integer


def integer(text: str) -> int | str:
    """A 64-bit integer, or the text."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if digits.isascii() and digits.isdigit() and len(text) <= _INTEGER_DIGITS:
        return int(text)
    return text


def number(text: str) -> float | int | str:
    """A finite number, or the text (`NaN` and `Infinity` have no place in JSON)."""
    try:
        value = float(text)
    except ValueError:
        return text
    return value if value - value == 0 and "_" not in text else text


def boolean(text: str) -> bool | str:
    """`true` and `false` in any case, or the text."""
    lowered = text.lower()
    if lowered == "true":
        return True
    if lowered == "false":
        return False
    return text


def verbatim(text: str) -> str:
    """The text: strings, timestamps as sent, blobs as base64."""
    return text


_BY_TYPE: Final[Mapping[str, Convert]] = {
    "integer": integer,
    "long": integer,
    "short": integer,
    "byte": integer,
    "bigInteger": integer,
    "float": number,
    "double": number,
    "boolean": boolean,
}


def converter(type_name: str) -> Convert:
    """What turns text into a value of botocore's `type_name`."""
    return _BY_TYPE.get(type_name, verbatim)


def percent_decoded(text: str) -> str:
    """Percent-decoded UTF-8 of wire text (Latin-1); bytes that are no UTF-8 become U+FFFD."""
    if "%" not in text and text.isascii():
        return text
    return unquote_to_bytes(text.encode("latin-1", "replace")).decode("utf-8", "replace")


def form_decoded(text: str) -> str:
    """As `percent_decoded`, with `+` for a space, as forms and query strings have it."""
    if "%" not in text and "+" not in text and text.isascii():
        return text
    return percent_decoded(text.replace("+", " "))


def form_pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values of a form body. Raises UnreadableCall, with the Action, where there are too many."""
    if body.count(b"&") > limits.FORM_FIELDS:  # the upstream may take them all: what is asked for must be told
        raise UnreadableCall("too many form fields", operation_name=dict(pairs_of_form(body)).get("Action", ""))
    return pairs_of_form(body)


def pairs_of_form(body: bytes) -> list[tuple[str, str]]:
    """As `form_pairs`, however many there are."""
    if len(body) > _REMEMBERED_CHARACTERS:
        return query_pairs(body.decode("latin-1").strip())
    return list(_pairs_of_form(body))


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Names and values of a raw query string, in order; a name without `=` has an empty value."""
    if not query:
        return []
    return list(_pairs(query) if len(query) <= _REMEMBERED_CHARACTERS else _pairs.__wrapped__(query))


# One call's texts are asked for several times: who is asked, for what, with which parameters, and only once.
@functools.lru_cache(maxsize=16)
def _pairs_of_form(body: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(query_pairs(body.decode("latin-1").strip()))


@functools.lru_cache(maxsize=64)
def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((name, value))
    if "%" in query or "+" in query or not query.isascii():
        pairs = [(form_decoded(name), form_decoded(value)) for name, value in pairs]
    return tuple(pairs)
