"""The samples that are there, read once from the SQL files beside this module."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

EVENTS: Final = "Management"  # the category of stores of CloudTrail events
_STORE: Final = "store: "
_COMMENT: Final = "-- "


@dataclass(frozen=True, slots=True)
class Sample:
    """A query to begin with; `$EDS_ID` in `sql` stands for the event data store, of `category`."""

    name: str
    description: str
    sql: str
    category: str = EVENTS


@cache
def samples() -> tuple[Sample, ...]:
    """All samples, by name."""
    files = resources.files("opentrail.lake.samples").iterdir()
    texts = [file.read_text("utf-8") for file in files if file.name.endswith(".sql")]
    found = [_read(part) for text in texts for part in text.strip().split("\n\n")]
    return tuple(sorted(found, key=lambda one: one.name))


def _read(text: str) -> Sample:
    lines = text.split("\n")
    head = [line.removeprefix(_COMMENT) for line in lines if line.startswith(_COMMENT)]
    category = next((line.removeprefix(_STORE) for line in head if line.startswith(_STORE)), EVENTS)
    return Sample(head[0], head[1], "\n".join(lines[len(head) :]), category)
