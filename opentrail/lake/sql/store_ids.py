"""Ids of event data stores in the text of a query, outside texts and comments: SQL would not read them as names."""

import re
from collections.abc import Callable
from typing import Final

# What may stand between two pieces that are left as they are: texts, quoted names, comments.
_PIECES: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_STORE_ID: Final = re.compile(
    r"(?<![\w-])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![\w-])"
)


def with_quoted_ids(text: str) -> str:
    """The query with its ids of stores as quoted names."""
    return _outside(text, lambda part: _STORE_ID.sub(lambda found: f'"{found.group()}"', part))


def store_ids(text: str) -> list[str]:
    """The ids, quoted or not, that may be names of stores in the query; lower case, each once."""
    found: dict[str, None] = {}

    def note(part: str) -> str:
        found.update(dict.fromkeys(one.lower() for one in _STORE_ID.findall(part)))
        return part

    _outside(text, note)
    for piece in _PIECES.finditer(text):
        if piece.group()[0] == '"':
            note(piece.group())
    return list(found)


def _outside(text: str, change: Callable[[str], str]) -> str:
    parts, last = [], 0
    for piece in _PIECES.finditer(text):
        parts += [change(text[last : piece.start()]), piece.group()]
        last = piece.end()
    return "".join([*parts, change(text[last:])])
