"""ListPublicKeys over the wire."""

import hashlib
from datetime import timedelta

from opentrail.clock import SettableClock, as_datetime
from opentrail.trails.signing_keys import SigningKeys
from tests.api.rooms.conftest import TrailServer
from tests.cloud import REGION


def test_keys_of_the_region_that_are_valid_in_the_range(trails: TrailServer) -> None:
    assert trails.ask("list_public_keys") == {"PublicKeyList": []}
    now = as_datetime(trails.clock.now_us())
    clock = SettableClock(now - timedelta(days=3))
    keys = SigningKeys(trails.engine, b"m" * 32, clock, rotation_days=1)
    first = keys.current(REGION)
    keys.current("us-east-1")
    clock.advance(3 * 86_400)
    second = keys.current(REGION)
    (current,) = trails.ask("list_public_keys")["PublicKeyList"]
    assert current["Fingerprint"] == second.fingerprint
    assert hashlib.md5(current["Value"]).hexdigest() == second.fingerprint
    assert current["ValidityStartTime"] <= now <= current["ValidityEndTime"]
    both = trails.ask("list_public_keys", StartTime=now - timedelta(days=4), EndTime=now)["PublicKeyList"]
    assert [key["Fingerprint"] for key in both] == [first.fingerprint, second.fingerprint]
    code = trails.refusal("list_public_keys", StartTime=now, EndTime=now - timedelta(seconds=1))
    assert code == "InvalidTimeRangeException"
    assert trails.refusal("list_public_keys", NextToken="x") == "InvalidTokenException"
