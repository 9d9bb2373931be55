"""Our records beside AWS's own: the same fields, or a known reason."""

from pathlib import Path

import pytest

from tests.fidelity.explained import EXPLANATIONS, reason
from tests.fidelity.replay import Score, scores
from tests.fidelity.report import report

_PAGE = Path(__file__).parents[2] / "docs" / "FIDELITY.md"


@pytest.fixture(scope="module")
def found(sample_data, tmp_path_factory) -> dict[str, Score]:
    return scores(sample_data, tmp_path_factory.mktemp("fidelity"))


def test_every_difference_has_a_reason(found):
    unexplained = [
        (service, operation, text)
        for service, score in found.items()
        for operation, text in score.differing
        if reason(service, operation, text) is None
    ]
    assert unexplained == []


def test_every_explanation_is_needed(found):
    differing = [(service, *one) for service, score in found.items() for one in score.differing]
    idle = [one for one in EXPLANATIONS if not any(one.covers(*difference) for difference in differing)]
    assert idle == []


def test_nineteen_of_twenty_calls_are_written_down_as_aws_does(found):
    calls, same = sum(one.calls for one in found.values()), sum(one.same for one in found.values())
    assert calls > 400
    assert same >= 0.94 * calls


def test_the_page_says_what_is(found):
    assert _PAGE.read_text("utf-8") == report(found)
