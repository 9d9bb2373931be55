"""Shortening the retention of an event data store is an action of its own, with a floor for everybody."""

import json
from pathlib import Path
from typing import Any

from opentrail.accounts.attached_policies import AttachedPolicies, AttachedUser
from opentrail.accounts.owned_resources import STORE, OwnedResource, OwnedResources
from opentrail.api import CloudTrailApi
from opentrail.api.authorization import ResourceFacts
from tests.api.conftest import ACCOUNT, Server
from tests.api.test_authorization import DANA, HOME, Held, allow, deny, policy
from tests.wire.boto_requests import capture, client

EVIDENCE = f"{HOME}:eventdatastore/aaaaaaaa-1111-1111-1111-111111111111"
KEPT_DAYS = 365


def server(folder: Path, *statements: dict[str, Any], least_days: int = 0) -> Held:
    attached = AttachedPolicies([AttachedUser(DANA, (policy(*statements),), None)] if statements else [])
    held = Held(folder, attached)
    found = OwnedResource(EVIDENCE, ACCOUNT, retention_days=KEPT_DAYS)
    facts = ResourceFacts(OwnedResources({STORE: lambda arn: found if arn == EVIDENCE else None}))
    held.api.close()
    held.api = CloudTrailApi(
        held.keys,
        held.intake,
        held.clock,
        held.history.lookup,
        token_key=b"t" * 32,
        home_account=ACCOUNT,
        policies=attached,
        resources=facts,
        least_retention_days=least_days,
    )
    return held


def update(held: Server, store: str = EVIDENCE, **members: Any) -> tuple[str, str]:
    sent = capture(client("cloudtrail"), "update_event_data_store", EventDataStore=store, **members)
    told = json.loads(held.send(sent).body)
    return told["__type"], told.get("message", "")


def test_everything_of_cloudtrail_does_not_contain_shortening(tmp_path: Path) -> None:
    held = server(tmp_path, allow("cloudtrail:*"))
    code, message = update(held, RetentionPeriod=KEPT_DAYS - 1)
    assert (code, "opentrail:ShortenRetention on resource: " + EVIDENCE in message) == ("AccessDeniedException", True)
    assert held.records()[-1]["errorCode"] == "AccessDenied"
    for members in ({"RetentionPeriod": KEPT_DAYS}, {"RetentionPeriod": KEPT_DAYS + 1}, {"Name": "another"}):
        assert update(held, **members)[0] == "UnsupportedOperationException", members  # let through
    held.close()


def test_a_store_named_in_capitals_is_the_same_store(tmp_path: Path) -> None:
    name = EVIDENCE.rpartition("/")[2]
    held = server(tmp_path, allow("cloudtrail:*"), deny("cloudtrail:UpdateEventDataStore", EVIDENCE))
    for store in (name.upper(), EVIDENCE.replace(name, name.upper()), name.title()):
        code, message = update(held, store, Name="another")
        assert (code, "with an explicit deny" in message) == ("AccessDeniedException", True), store
    held.close()
    held = server(tmp_path / "other", allow("cloudtrail:*"))
    assert update(held, name.upper(), RetentionPeriod=KEPT_DAYS - 1)[0] == "AccessDeniedException"
    held.close()


def test_whoever_is_allowed_to_shorten_may(tmp_path: Path) -> None:
    held = server(tmp_path, allow("cloudtrail:*"), allow("opentrail:ShortenRetention", EVIDENCE))
    assert update(held, RetentionPeriod=30)[0] == "UnsupportedOperationException"
    held.close()


def test_a_deny_of_shortening_wins_over_everything(tmp_path: Path) -> None:
    held = server(tmp_path, allow("*"), deny("opentrail:*"))
    assert update(held, RetentionPeriod=30)[0] == "AccessDeniedException"
    held.close()


def test_below_the_floor_nobody_may_not_even_who_may_do_everything(tmp_path: Path) -> None:
    held = server(tmp_path, least_days=90)
    assert update(held, RetentionPeriod=89) == (
        "InvalidParameterException",
        "RetentionPeriod must be at least 90 days on this server.",
    )
    assert update(held, RetentionPeriod=90)[0] == "UnsupportedOperationException"
    made = held.call("create_event_data_store", Name="short", RetentionPeriod=7)
    assert json.loads(made.body)["__type"] == "InvalidParameterException"
    held.close()
