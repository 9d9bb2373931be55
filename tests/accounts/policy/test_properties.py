"""What holds of all policies: a Deny never widens, a missing Allow never widens, order does not matter."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrail.accounts.organization import Organization
from opentrail.accounts.policy import Request, Verdict, decide
from opentrail.accounts.policy.guard import denied_by, read_guard
from opentrail.accounts.resource_policy import delegated_admin_policy
from tests.accounts.policy.made_policies import PLACES, documents, policies, requests, statements
from tests.accounts.policy.made_resource_policies import (
    STORE,
    STORE_ACCOUNTS,
    STORE_ACTIONS,
    STORE_CALLERS,
    shared,
    store_statements,
)

Documents = dict[str, list[dict[str, Any]] | None]

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


@few
@given(st.data())
def test_what_a_resource_s_policy_says_less_of_it_allows_less_of(data: st.DataObject) -> None:
    """Of policies that PutResourcePolicy takes: a Deny more, or an Allow less, lets nobody else in."""
    listed = data.draw(st.lists(store_statements(), min_size=1, max_size=4))
    allows = [number for number, one in enumerate(listed) if one["Effect"] == "Allow"]
    gone = data.draw(st.sampled_from(allows)) if allows else None
    fewer = [one for number, one in enumerate(listed) if number != gone]
    more = [*listed, data.draw(store_statements("Deny"))]
    for caller in STORE_CALLERS:
        for action in STORE_ACTIONS:
            before = shared(listed, caller, action)
            assert before or not shared(more, caller, action)
            assert before or not fewer or not shared(fewer, caller, action)


@few
@given(st.lists(st.sampled_from(STORE_ACCOUNTS[1:]), max_size=3, unique=True), st.sampled_from(STORE_ACTIONS))
def test_who_is_no_delegated_administrator_gets_nothing_by_being_a_member(admins: list[str], action: str) -> None:
    organization = Organization("o-exampleorgid", STORE_ACCOUNTS[0], STORE_ACCOUNTS[1:], tuple(admins))
    text = delegated_admin_policy(STORE, organization)
    for caller in (one for one in STORE_CALLERS if one.account != organization.management_account):
        allowed = text is not None and shared(json.loads(text)["Statement"], caller, action)
        assert allowed == (caller.account in admins)
        fewer = Organization("o-exampleorgid", STORE_ACCOUNTS[0], STORE_ACCOUNTS[1:], tuple(admins[1:]))
        less = delegated_admin_policy(STORE, fewer)
        assert allowed or less is None or not shared(json.loads(less)["Statement"], caller, action)
