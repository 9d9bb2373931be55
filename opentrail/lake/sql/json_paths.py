"""Trino's JSON paths as the engine writes them: `$.AWS:Item[0]['b c']` -> `$."AWS:Item"[0]."b c"`."""

import re
from typing import Final

from opentrail.lake.sql.faults import InvalidQueryStatement

_STEP: Final = re.compile(
    r"""\.(?P<wild>\*)|\.(?P<name>[^.\[\]"'\s*][^.\[]*)|\."(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<index>\d+)\]|"""
    r"""\[\s*(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\]|\[(?P<name2>[A-Za-z_][^\]]*)\]|(?P<all>\[\*\])""",
)


def engine_path(path: str) -> str:
    """The path for the engine. Raises InvalidQueryStatement for one that Trino would not take."""
    text = path.strip()
    text = text.removeprefix("lax ").removeprefix("strict ").strip()
    if not text.startswith("$"):
        text = "$." + text
    steps, at = ["$"], 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise InvalidQueryStatement(f"Invalid JSON path: '{path}'")
        steps.append(_engine_step(found))
        at = found.end()
    return "".join(steps)


def _engine_step(found: re.Match[str]) -> str:
    if found["index"] is not None:
        return f"[{found['index']}]"
    if found["wild"] or found["all"]:
        return "[*]" if found["all"] else ".*"
    text = found["text"]
    name = found["name"] or found["name2"] or (text[1:-1] if text is not None else found["quoted"]) or ""
    return '."' + name.replace('"', '\\"') + '"'
