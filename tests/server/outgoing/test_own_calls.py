"""CloudTrail's own calls: through the server's port as the service, or where and as whom the settings say."""

from pathlib import Path

import pytest

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.service_key import service_key
from opentrail.catalog.database import open_catalog
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.server.settings import BadSettings, Delivery
from opentrail.server.settings_reading import check_delivery

MASTER_KEY = bytes(range(32))
OWN = "http://127.0.0.1:4566"
ACCOUNT = "123456789012"


def test_without_settings_calls_go_through_the_own_port_with_the_service_s_key(tmp_path: Path) -> None:
    engine = open_catalog(tmp_path)
    keys = AccessKeys(engine, MASTER_KEY)
    calls = OwnCalls(Delivery(), keys, MASTER_KEY, OWN, "")
    access = calls.access("s3", ACCOUNT, "eu-west-1")
    key = service_key(keys, MASTER_KEY, ACCOUNT)
    assert (access.endpoint_url, access.region, access.access_key_id) == (OWN, "eu-west-1", key.access_key_id)
    assert calls.as_service and calls.folders is None
    engine.dispose()


def test_endpoints_and_a_key_of_one_s_own_take_their_place(tmp_path: Path) -> None:
    engine = open_catalog(tmp_path)
    told = Delivery(s3_endpoint="https://s3.example", access_key_id="AKIA", directory="/srv/buckets")
    calls = OwnCalls(told, AccessKeys(engine, MASTER_KEY), MASTER_KEY, OWN, "s")
    access = calls.access("s3", ACCOUNT, "eu-west-1")
    assert (access.endpoint_url, access.access_key_id, access.secret_access_key) == ("https://s3.example", "AKIA", "s")
    assert calls.access("sns", ACCOUNT, "eu-west-1").endpoint_url == OWN
    assert not calls.as_service and calls.folders == Path("/srv/buckets")
    engine.dispose()


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        (Delivery(interval_seconds=0.5), "interval_seconds: at least 1"),
        (Delivery(digest_interval_seconds=1), "digest_interval_seconds: at least 2"),
        (Delivery(access_key_id="AKIA"), "given together"),
        (Delivery(outbox_gib=0), "more than 0"),
        (Delivery(directory="buckets"), "an absolute path"),
    ],
)
def test_settings_that_cannot_be_delivered_by_are_refused(delivery: Delivery, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        check_delivery(delivery)
