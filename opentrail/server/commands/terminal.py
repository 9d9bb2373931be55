"""What may be shown on a terminal: file names, user agents and error texts come from strangers."""

ELLIPSIS = "…"


def visible(text: str, width: int | None = None) -> str:
    """`text` with every character that a terminal could act upon, or nobody could see, spelled as an escape.

    That is control characters (also of the C1 set), direction marks, lone surrogates and line ends. Cut to `width`
    characters where one is given.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char) for char in text)
    if width is not None and len(text) > width:
        return text[: width - 1] + ELLIPSIS
    return text


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
