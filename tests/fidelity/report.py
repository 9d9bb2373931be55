"""docs/FIDELITY.md: how near our records are to AWS's, service by service, and why what differs does."""

from collections.abc import Mapping

from tests.fidelity.explained import reason
from tests.fidelity.replay import Score

_INTRODUCTION = """\
# Fidelity

How near are OpenTrail's records to AWS's own? Every genuine record of an API call in the sample data is turned back
into the call that made it: botocore's serializers send the parameters, the recorder records them, and the upstream
gives the answer that AWS gave. Then both records are compared by field: names, casing, nesting and kind of value in
`requestParameters` and `responseElements`, and the values of `eventSource`, `eventName`, `errorCode`, `readOnly`,
`managementEvent` and `eventCategory` where the genuine record has them.

Records that were written down in the same way (same fields, other values) count once. Material that other products
shaped or people typed is left out, and so are calls that no public API has (of agents and consoles).

This page is written by `python -m tests.fidelity`; `tests/fidelity` fails when it is out of date or when a difference
has no explanation.

| service | calls | same | differ, explained below |
|---|---|---|---|
"""


def report(found: Mapping[str, Score]) -> str:
    """The whole page."""
    lines = [f"| {name} | {one.calls} | {one.same} | {one.calls - one.same or ''} |" for name, one in found.items()]
    calls, same = sum(one.calls for one in found.values()), sum(one.same for one in found.values())
    lines.append(f"| **all** | **{calls}** | **{same}** | **{calls - same}** |")
    return _INTRODUCTION + "\n".join(lines) + "\n\n## What differs, and why\n" + _reasons(found)


def _reasons(found: Mapping[str, Score]) -> str:
    parts = []
    for service, score in found.items():
        by_reason: dict[tuple[str, str], list[str]] = {}
        for operation, text in sorted(score.differing):
            why = reason(service, operation, text) or "Not explained."
            by_reason.setdefault((operation, why), []).append(f"- {text}")
        for (operation, why), texts in by_reason.items():
            parts.append(f"\n**{service} {operation}.** {why}\n\n" + "\n".join(texts) + "\n")
    return "".join(parts)
