"""The organization as a real Organizations API tells it, and what follows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.accounts.organization import Organization
from opentrail.accounts.organizations import Organizations
from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.recorder.forwarding.upstreams import Upstreams, moto
from opentrail.recorder.look_ups import UpstreamLookUps
from opentrail.server.organization_watch import OrganizationWatch
from tests.acceptance.program import eventually
from tests.cloud import ACCOUNT, Cloud


@pytest.fixture(scope="module")
def _cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(_cloud: Cloud) -> Cloud:
    _cloud.reset()
    return _cloud


class Watched:
    """A catalog, and a watch of `url` that notes what it was followed with."""

    def __init__(self, folder: Path, url: str, *, forgets: bool = False) -> None:
        self.engine = open_catalog(folder)
        clock = SystemClock()
        self.organizations = Organizations(self.engine, clock)
        look_ups = UpstreamLookUps(Upstreams([moto("moto", url)]), clock)
        self.watch = OrganizationWatch(look_ups, ACCOUNT, self.organizations, clock, 0.1, forgets=forgets)
        self.seen: list[Organization | None] = []
        self.watch.follow_with(self.seen.append)


def test_members_come_and_go(tmp_path: Path, cloud: Cloud) -> None:
    watched, client = Watched(tmp_path, cloud.url), cloud.client("organizations")
    watched.watch.changed()
    assert watched.organizations.now() is None and watched.seen == []
    identity = client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    member = client.create_account(Email="one@example.com", AccountName="one")["CreateAccountStatus"]["AccountId"]
    watched.watch.changed()
    assert watched.seen == [Organization(identity, ACCOUNT, (member,), trusts_cloudtrail=False)]
    client.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    watched.watch.changed()
    assert watched.seen[-1] == Organization(identity, ACCOUNT, (member,))
    client.close_account(AccountId=member)  # suspended accounts are none of its members
    watched.watch.changed()
    assert watched.seen[-1] == Organization(identity, ACCOUNT, ())


def test_what_was_said_last_holds_while_nobody_answers(tmp_path: Path, cloud: Cloud) -> None:
    first = Watched(tmp_path, cloud.url)
    cloud.client("organizations").create_organization(FeatureSet="ALL")
    first.watch.changed()
    later = Watched(tmp_path, "http://127.0.0.1:1")
    later.watch.changed()
    assert later.organizations.now() == first.organizations.now() is not None


@pytest.mark.parametrize("forgets", [True, False])
def test_only_an_upstream_that_remembers_is_believed_that_there_is_none(
    tmp_path: Path, cloud: Cloud, forgets: bool
) -> None:
    watched = Watched(tmp_path, cloud.url, forgets=forgets)
    cloud.client("organizations").create_organization(FeatureSet="ALL")
    watched.watch.changed()
    cloud.reset()  # as after a restart of what keeps all in memory
    watched.watch._refresh(believed=not forgets)
    assert (watched.organizations.now() is not None) is forgets
    watched.watch.changed()  # a call that the recorder saw is another matter
    assert watched.organizations.now() is None


def test_it_is_asked_now_and_then(tmp_path: Path, cloud: Cloud) -> None:
    watched = Watched(tmp_path, cloud.url)
    watched.watch.start()
    cloud.client("organizations").create_organization(FeatureSet="ALL")
    assert eventually(lambda: watched.seen, seconds=20)
    watched.watch.stop()
