"""A token is good for its own question, as it was issued, and for nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentrail.api.faults import InvalidNextToken
from opentrail.api.page_token import PageTokens, question
from opentrail.history.lookup import Place

TOKENS = PageTokens(b"k" * 32)
ASKED = question("1", "eu-west-1", "LookupEvents", {"MaxResults": 5})


@given(st.integers(-(2**62), 2**62), st.integers(0, 2**63 - 1))
def test_a_token_leads_back_to_its_place(time_us, position):
    place = Place(time_us, position)
    token = TOKENS.issue(place, ASKED)
    assert TOKENS.read(token, ASKED) == place
    assert token.isascii() and not set(token) & set("+/= ")


@settings(max_examples=300)
@given(st.data())
def test_a_changed_token_is_refused(data):
    token = TOKENS.issue(Place(1_772_619_331_000_000, 12), ASKED)
    at = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("ABCxyz019-_"))
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        with pytest.raises(InvalidNextToken):
            TOKENS.read(changed, ASKED)


@pytest.mark.parametrize("token", ["", "x", "=" * 66, "A" * 66, "A" * 65, "A" * 67, "é" * 66, " " * 66, "A" * 100_000])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(InvalidNextToken):
        TOKENS.read(token, ASKED)


def test_a_token_is_bound_to_its_question():
    token = TOKENS.issue(Place(1, 2), ASKED)
    for other in (
        question("2", "eu-west-1", "LookupEvents", {"MaxResults": 5}),
        question("1", "eu-west-2", "LookupEvents", {"MaxResults": 5}),
        question("1", "eu-west-1", "ListQueries", {"MaxResults": 5}),
        question("1", "eu-west-1", "LookupEvents", {"MaxResults": 6}),
        question("1", "eu-west-1", "LookupEvents", {}),
        question("1", "eu-west-1", "LookupEvents", {"MaxResults": 5, "StartTime": 1}),
    ):
        with pytest.raises(InvalidNextToken):
            TOKENS.read(token, other)
    same = question("1", "eu-west-1", "LookupEvents", {"NextToken": token, "MaxResults": 5})
    assert TOKENS.read(token, same) == Place(1, 2)


def test_another_servers_token_is_refused():
    with pytest.raises(InvalidNextToken):
        TOKENS.read(PageTokens(b"l" * 32).issue(Place(1, 2), ASKED), ASKED)
