"""XML as JSON objects the way S3's bodies and EC2's newer answers stand in records.

An element with children becomes an object, repeated children an array, one child no array; attributes become
members; text becomes a boolean or a number where it reads as one.
"""

import re
from typing import Any, Final
from xml.etree.ElementTree import Element

from opentrail.wire.protocols.xml_values import local_name, namespace

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


def as_object(root: Element) -> dict[str, Any]:
    """`{root: {"xmlns": ..., children}}`."""
    value = as_value(root)
    uri = namespace(root.tag)
    if uri:
        inner = value if isinstance(value, dict) else ({"content": value} if value != "" else {})
        value = {"xmlns": uri, **inner}
    return {local_name(root.tag): value}


def as_value(element: Element) -> Any:
    """The value of one element."""
    found: dict[str, Any] = {}
    for attribute, text in element.attrib.items():
        if namespace(attribute) == _XSI:
            found["xmlns:xsi"] = _XSI
            found[f"xsi:{local_name(attribute)}"] = text
        else:
            found[local_name(attribute)] = text
    for child in element:
        name, value = local_name(child.tag), as_value(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    text = (element.text or "").strip()
    if not found:
        return as_scalar(element.text if element.text is not None and text else "")
    if text and not len(element):
        found["content"] = as_scalar(text)
    return found


def as_scalar(text: str) -> Any:
    """A boolean or a number where the text is just that, else the text; a leading zero keeps an account a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
