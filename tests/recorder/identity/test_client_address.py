"""X-Forwarded-For is believed as far as trusted proxies wrote it."""

import ipaddress

import pytest

from opentrail.recorder.identity.client_address import client_address, vpc_endpoint
from tests.recorder.rig import LOOPBACK

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.1", "198.51.100.9", "203.0.113.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.9, not-an-address, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.9:1234", "198.51.100.9"),
        ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.9", ""),
    ],
)
def test_the_nearest_address_that_no_trusted_proxy_has(peer: str, forwarded: str, expected: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == expected


def test_nobody_is_believed_without_trusted_proxies() -> None:
    assert client_address("10.0.0.1", "198.51.100.9", ()) == "10.0.0.1"


def test_a_vpc_endpoint_is_believed_of_trusted_proxies_alone():
    assert vpc_endpoint("10.0.0.1", "vpce-0123456789abcdef0", TRUSTED) == "vpce-0123456789abcdef0"
    for peer, stated, trusted in (
        ("203.0.113.1", "vpce-0123456789abcdef0", TRUSTED),
        ("10.0.0.1", "vpce-0123456789abcdef0", ()),
        ("10.0.0.1", "anything", TRUSTED),
        ("10.0.0.1", "", TRUSTED),
    ):
        assert vpc_endpoint(peer, stated, trusted) is None


def test_records_have_the_vpc_endpoint(start):
    server = start(trusted_proxies=LOOPBACK)
    server.call("GET", "/bucket/key", headers={"x-opentrail-vpc-endpoint": "vpce-0123456789abcdef0"})
    assert server.record()["vpcEndpointId"] == "vpce-0123456789abcdef0"
