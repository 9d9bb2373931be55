"""SearchSampleQueries over the wire."""

import pytest

from opentrail.api.rooms.sample_queries import SampleQueriesRoom
from tests.api.rooms.conftest import TrailServer


@pytest.fixture
def trails(trails: TrailServer) -> TrailServer:
    trails.api._around.rooms.update(SampleQueriesRoom(b"k" * 32).rooms)
    return trails


def test_the_best_come_first_and_pages_follow_each_other(trails: TrailServer) -> None:
    first = trails.ask("search_sample_queries", SearchPhrase="console sign in without MFA")
    assert first["SearchResults"][0]["Name"] == "Console sign-ins without MFA"
    assert "FROM $EDS_ID" in first["SearchResults"][0]["SQL"]
    assert first["SearchResults"][0]["Description"]
    assert len(first["SearchResults"]) <= 10
    found, token = [], None
    while True:
        more = {"NextToken": token} if token else {}
        page = trails.ask("search_sample_queries", SearchPhrase="errors of callers", MaxResults=2, **more)
        assert 1 <= len(page["SearchResults"]) <= 2
        found += page["SearchResults"]
        token = page.get("NextToken")
        if token is None:
            break
    relevances = [one["Relevance"] for one in found]
    assert relevances == sorted(relevances, reverse=True)
    assert all(0 < one <= 1 for one in relevances)
    assert len({one["Name"] for one in found}) == len(found) > 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"SearchPhrase": "x"},
        {"SearchPhrase": "x" * 1001},
        {"SearchPhrase": "größte"},
        {"SearchPhrase": "errors", "MaxResults": 0},
        {"SearchPhrase": "errors", "MaxResults": 51},
        {},
    ],
)
def test_what_is_asked_wrongly_is_refused(trails: TrailServer, parameters: dict[str, object]) -> None:
    assert trails.refusal("search_sample_queries", **parameters) == "InvalidParameterException"


def test_a_token_is_good_for_its_own_phrase(trails: TrailServer) -> None:
    token = trails.ask("search_sample_queries", SearchPhrase="errors of callers", MaxResults=1)["NextToken"]
    refusal = trails.refusal("search_sample_queries", SearchPhrase="buckets", MaxResults=1, NextToken=token)
    assert refusal == "InvalidNextTokenException"


def test_nothing_fits(trails: TrailServer) -> None:
    assert trails.ask("search_sample_queries", SearchPhrase="zyzzyva") == {"SearchResults": []}
