"""What holds of all policies: a Deny never widens, a missing Allow never widens, order does not matter."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrail.accounts.policy import Request, Verdict, decide
from opentrail.accounts.policy.guard import denied_by, read_guard
from tests.accounts.policy.made_policies import PLACES, documents, policies, requests, statements

Documents = dict[str, list[dict[str, Any]] | None]

some = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@some
@given(documents(), requests, st.sampled_from(PLACES), st.data())
def test_adding_a_deny_never_widens(given_: Documents, request: Request, place: str, data: st.DataObject) -> None:
    listed = given_[place]
    if listed is None:  # a policy that comes anew limits by being there
        return
    more = data.draw(statements(principals=place == "resource", effect="Deny"))
    at = data.draw(st.integers(0, len(listed)))
    before = decide(policies(given_), request)
    after = decide(policies(given_ | {place: [*listed[:at], more, *listed[at:]]}), request)
    assert before.allows or not after.allows
    assert before.verdict is not Verdict.DENIED or after.verdict is Verdict.DENIED


@some
@given(documents(), requests, st.sampled_from(PLACES), st.data())
def test_removing_an_allow_never_widens(given_: Documents, request: Request, place: str, data: st.DataObject) -> None:
    listed = given_[place] or []
    allows = [number for number, one in enumerate(listed) if one["Effect"] == "Allow"]
    if not allows:
        return
    gone = data.draw(st.sampled_from(allows))
    before = decide(policies(given_), request)
    after = decide(policies(given_ | {place: [one for number, one in enumerate(listed) if number != gone]}), request)
    assert before.allows or not after.allows


@some
@given(documents(), requests, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(given_: Documents, request: Request, chance: Any) -> None:
    other = {
        place: chance.sample(listed, len(listed)) if listed is not None else None for place, listed in given_.items()
    }
    first, second = decide(policies(given_), request), decide(policies(other), request)
    assert (first.verdict, first.kind) == (second.verdict, second.kind)


@some
@given(documents(), requests)
def test_a_boundary_or_a_session_policy_never_widens(given_: Documents, request: Request) -> None:
    without = policies(given_ | {"boundary": None, "session": None})
    assert decide(without, request).allows or not decide(policies(given_), request).allows


@some
@given(st.lists(statements(principals=False, effect="Deny"), min_size=1, max_size=3), requests)
def test_a_guard_that_knows_less_denies_no_less(listed: list[dict[str, Any]], request: Request) -> None:
    guard = (read_guard(json.dumps({"Version": "2012-10-17", "Statement": listed})),)
    knowing = denied_by(guard, request, resource_known=True)
    assert knowing is None or denied_by(guard, request, resource_known=False) is not None
