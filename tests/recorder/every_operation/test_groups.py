"""Operations that are the same on the wire are those that docs/PROTOCOLS.md lists, and all have one eventSource."""

import re
from collections import Counter
from pathlib import Path

from opentrail.recorder.understanding.event_names import event_source
from tests.recorder.every_operation.groups import groups

DOCUMENT = Path(__file__).parents[3] / "docs" / "PROTOCOLS.md"


def test_the_document_lists_them_all() -> None:
    computed: Counter[tuple[str, ...]] = Counter()
    for named, alike in groups().items():
        if named == alike[0]:
            computed[tuple(service for service, _ in alike)] += 1
    listed = {}
    for row in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) == 3 and cells[2].isdigit():
            listed[tuple(re.findall(r"`([^`]+)`", f"{cells[0]} {cells[1]}"))] = int(cells[2])
    assert listed == dict(computed)


def test_they_share_an_event_source() -> None:
    for alike in groups().values():
        assert len({event_source(service) for service, _ in alike}) == 1, alike
