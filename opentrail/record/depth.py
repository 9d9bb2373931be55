"""How deeply a JSON text is nested, told without decoding it."""

import re

_STRING_OR_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{\[]|[}\]]', re.DOTALL)
_NO_OPENING = bytes(byte for byte in range(256) if byte not in b"{[")


def exceeds_depth(text: bytes, levels: int) -> bool:
    """Whether objects and arrays in `text` stand more than `levels` deep inside each other."""
    if len(text.translate(None, _NO_OPENING)) <= levels:
        return False
    depth = 0
    for token in _STRING_OR_BRACKETS.finditer(text):
        byte = text[token.start()]
        if byte == 0x22:
            continue
        if byte in b"{[":
            depth += 1
            if depth > levels:
                return True
        else:
            depth -= 1
    return False
