"""Sidecars: what a folder keeps beside an object's file, since files have no user metadata.

The sidecar of the file `NAME` is the file `.NAME.properties` in the same folder: one JSON object with `contentType`
and `metadata` (an object of texts, names in lower case), and `contentEncoding` where there is one. It is written
before its object, so that no object stands without it. Access lists and encryption at rest are the file system's
business and are not kept. Files being written are named `.NAME.RANDOM.writing`; one that is found later is what a
crash left, and may be deleted. Listings pass over both.
"""

import re

import msgspec

_OWN = re.compile(r"\..+\.(properties|writing)", re.DOTALL)


class Sidecar(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What stands in a sidecar."""

    content_type: str | None = None
    content_encoding: str | None = None
    metadata: dict[str, str] = {}


def sidecar_name(name: str) -> str:
    """The name of the sidecar of the file `name`."""
    return f".{name}.properties"


def is_own_file(name: str) -> bool:
    """Whether a file of this name is a sidecar or is being written, and no object."""
    return name.startswith(".") and _OWN.fullmatch(name) is not None
