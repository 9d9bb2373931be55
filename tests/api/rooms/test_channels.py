"""Channels by the API: each rule and its fault, what is answered, paging, and what a deletion frees."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail import limits
from tests.api.conftest import ACCOUNT, REGION
from tests.api.rooms.conftest import Refused
from tests.api.rooms.ingest_server import IngestServer

UNKNOWN = "7f000000-0000-4000-8000-000000000099"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IngestServer]:
    server = IngestServer(tmp_path)
    yield server
    server.close()


def refused(server: IngestServer, operation: str, /, **parameters) -> str:
    with pytest.raises(Refused) as fault:
        server.ask(operation, **parameters)
    assert fault.value.message
    return fault.value.code


def to(*arns: str, kind: str = "EVENT_DATA_STORE") -> list[dict[str, str]]:
    return [{"Type": kind, "Location": arn} for arn in arns]


def test_a_channel_is_made_read_changed_listed_and_deleted(server):
    other = server.add_store("other").arn
    made = server.ask(
        "create_channel",
        Name="orders",
        Source="Custom",
        Destinations=to(server.store.rpartition("/")[2]),
        Tags=[{"Key": "team", "Value": "pay"}],
    )
    arn = made["ChannelArn"]
    assert arn.startswith(f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:channel/")
    assert {name: value for name, value in made.items() if name != "ResponseMetadata"} == {
        "ChannelArn": arn,
        "Name": "orders",
        "Source": "Custom",
        "Destinations": to(server.store),
        "Tags": [{"Key": "team", "Value": "pay"}],
    }
    read = server.ask("get_channel", Channel=arn)
    assert read["SourceConfig"] == {"ApplyToAllRegions": False}
    assert read["IngestionStatus"] == {}
    changed = server.ask("update_channel", Channel=arn.rpartition("/")[2], Name="bills", Destinations=to(other))
    assert (changed["Name"], changed["Source"], changed["Destinations"]) == ("bills", "Custom", to(other))
    assert server.ask("list_channels")["Channels"] == [{"ChannelArn": arn, "Name": "bills"}]
    server.ask("delete_channel", Channel=arn)
    assert server.ask("list_channels")["Channels"] == []
    assert refused(server, "get_channel", Channel=arn) == "ChannelNotFoundException"
    server.add_channel("bills")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Name": "a b"}, "ValidationException"),
        ({"Name": "ab"}, None),
        ({"Name": "x" * 129}, "ValidationException"),
        ({"Name": "aws-service-channel.x"}, "InvalidParameterException"),
        ({"Source": "x" * 257}, "InvalidSourceException"),
        ({"Source": " Custom"}, "InvalidSourceException"),
        ({"Source": "a\x07b"}, "InvalidSourceException"),
        ({"Destinations": to("arn:aws:cloudtrail:eu-west-1:1:trail/t")}, "EventDataStoreARNInvalidException"),
        ({"Destinations": to(UNKNOWN)}, "EventDataStoreNotFoundException"),
        ({"Destinations": to("config.amazonaws.com", kind="AWS_SERVICE")}, "InvalidParameterException"),
        ({"Tags": [{"Key": "aws:x", "Value": "v"}]}, "InvalidTagParameterException"),
        ({"Tags": [{"Key": "k", "Value": "v"}, {"Key": "k", "Value": "w"}]}, "InvalidTagParameterException"),
        ({"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(51)]}, "TagsLimitExceededException"),
    ],
)
def test_rules_of_create(server, change, code):
    parameters = {"Name": "orders", "Source": "Custom", "Destinations": to(server.store), **change}
    if code is None:  # botocore itself refuses it
        from botocore.exceptions import ParamValidationError

        with pytest.raises(ParamValidationError):
            server.ask("create_channel", **parameters)
        return
    assert refused(server, "create_channel", **parameters) == code


def test_destinations_are_active_stores_of_the_account_for_audit_events(server):
    kept = server.add_store("trail", "CloudTrail").arn
    gone = server.add_store("gone", status="PENDING_DELETION").arn
    foreign = server.add_store("foreign", account="999988887777").arn
    expected = {
        (kept,): "InvalidEventDataStoreCategoryException",
        (gone,): "InactiveEventDataStoreException",
        (foreign,): "EventDataStoreNotFoundException",
        (server.store, server.store): "InvalidParameterException",
    }
    for stores, code in expected.items():
        told = {"Name": "orders", "Source": "Custom", "Destinations": to(*stores)}
        assert refused(server, "create_channel", **told) == code
    arn = server.add_channel()
    for stores, code in expected.items():
        assert refused(server, "update_channel", Channel=arn, Destinations=to(*stores)) == code
    assert server.ask("get_channel", Channel=arn)["Destinations"] == to(server.store)


def test_one_channel_for_a_name_and_a_source_and_25_in_a_region(server):
    server.add_channel()
    told = {"Destinations": to(server.store)}
    assert refused(server, "create_channel", Name="orders", Source="Okta", **told) == "ChannelAlreadyExistsException"
    assert refused(server, "create_channel", Name="other", Source="Custom", **told) == "ChannelAlreadyExistsException"
    for number in range(limits.CHANNELS_PER_REGION - 1):
        server.add_channel(f"channel-{number}", f"source-{number}")
    assert refused(server, "create_channel", Name="more", Source="x", **told) == "ChannelMaxLimitExceededException"


@pytest.mark.parametrize("operation", ["get_channel", "delete_channel", "update_channel"])
@pytest.mark.parametrize(
    ("named", "code"),
    [
        (UNKNOWN, "ChannelNotFoundException"),
        (f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:channel/{UNKNOWN}", "ChannelNotFoundException"),
        (f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:channel/{UNKNOWN}", "ChannelNotFoundException"),
        ("orders", "ChannelARNInvalidException"),
        (f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{UNKNOWN}", "ChannelARNInvalidException"),
        ("a b c", "ChannelARNInvalidException"),
    ],
)
def test_what_names_no_channel(server, operation, named, code):
    more = {"Name": "other"} if operation == "update_channel" else {}
    assert refused(server, operation, Channel=named, **more) == code


def test_an_update_says_what_it_changes(server):
    arn = server.add_channel()
    assert refused(server, "update_channel", Channel=arn) == "InvalidParameterException"
    server.add_channel("other", "Okta")
    assert refused(server, "update_channel", Channel=arn, Name="other") == "ChannelAlreadyExistsException"


def test_pages_of_channels_come_in_the_order_of_their_making(server):
    made = []
    for number in range(5):
        server.clock.advance(1)
        made.append(server.add_channel(f"channel-{5 - number}", f"source-{number}"))
    found, token = [], None
    while True:
        page = server.ask("list_channels", MaxResults=2, **({"NextToken": token} if token else {}))
        found += [one["ChannelArn"] for one in page["Channels"]]
        token = page.get("NextToken")
        if token is None:
            break
    assert found == made
    assert refused(server, "list_channels", NextToken="abcd") == "InvalidNextTokenException"
    assert refused(server, "list_channels", NextToken="x" * 1001) == "InvalidNextTokenException"


def test_an_arn_of_another_partition_names_no_channel(server):
    arn = server.ask("create_channel", Name="orders", Source="Custom", Destinations=to(server.store))["ChannelArn"]
    assert (
        refused(server, "get_channel", Channel=arn.replace("arn:aws:", "arn:aws-cn:")) == "ChannelARNInvalidException"
    )
