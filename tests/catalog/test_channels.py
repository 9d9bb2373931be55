"""Channels in the catalog: a version for each change, one for each name and source, deletion that frees both."""

import msgspec
import pytest

from opentrail.catalog.channels import Channel, Channels, ChannelStatus, ChannelTaken
from opentrail.catalog.database import open_catalog
from opentrail.catalog.tags import Tag, Tags
from opentrail.catalog.versions import ChangedMeanwhile

STORE = "arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/0b8c1d2e-0000-4000-8000-000000000001"


def channel(name: str = "orders", source: str = "Custom", number: int = 1) -> Channel:
    channel_id = f"7f000000-0000-4000-8000-{number:012}"
    return Channel(
        id=channel_id,
        arn=f"arn:aws:cloudtrail:eu-west-1:123456789012:channel/{channel_id}",
        name=name,
        account="123456789012",
        region="eu-west-1",
        source=source,
        destinations=(STORE,),
    )


@pytest.fixture
def engine(tmp_path):
    engine = open_catalog(tmp_path)
    yield engine
    engine.dispose()


def test_a_change_is_a_version_from_a_position_on(engine):
    channels = Channels(engine)
    first = channels.create(channel(), 5, [Tag("team", "pay")])
    second = channels.replace(first, msgspec.structs.replace(first.channel, destinations=("arn:other",)), 9)
    assert channels.find(first.channel.id) == second
    assert [version.from_position for version in channels.all_versions()] == [5, 9]
    assert channels.newest_change() == second.number
    assert channels.pointing_at("arn:other", "123456789012", "eu-west-1") == [second.channel]
    assert channels.pointing_at(STORE, "123456789012", "eu-west-1") == []
    with pytest.raises(ChangedMeanwhile):
        channels.replace(first, first.channel, 10)
    assert Tags(engine).of(first.channel.arn) == (Tag("team", "pay"),)


def test_one_channel_for_a_name_and_for_a_source(engine):
    channels = Channels(engine)
    channels.create(channel(), 0)
    with pytest.raises(ChannelTaken):
        channels.create(channel("orders", "Okta", 2), 0)
    with pytest.raises(ChannelTaken):
        channels.create(channel("others", "Custom", 3), 0)
    other = channels.create(channel("others", "Okta", 4), 0)
    with pytest.raises(ChannelTaken):
        channels.replace(other, msgspec.structs.replace(other.channel, name="orders"), 0)
    assert [version.channel.name for version in channels.of_account("123456789012", "eu-west-1")] == [
        "orders",
        "others",
    ]


def test_a_deleted_channel_frees_name_and_source_and_still_says_where_its_batches_went(engine):
    channels = Channels(engine)
    version = channels.create(channel(), 0, [Tag("a", "b")])
    channels.write_status(version.channel.id, ChannelStatus(attempted_at_us=7))
    assert channels.status(version.channel.id).attempted_at_us == 7
    channels.delete(version)
    assert channels.find(version.channel.id) is None
    assert channels.status(version.channel.id) == ChannelStatus()
    channels.write_status(version.channel.id, ChannelStatus(attempted_at_us=8))
    assert channels.status(version.channel.id) == ChannelStatus(), "nothing is noted of what is gone"
    assert Tags(engine).of(version.channel.arn) == ()
    with pytest.raises(ChangedMeanwhile):
        channels.delete(version)
    channels.create(channel(number=2), 3)
    assert version in channels.all_versions()
