"""X-Forwarded-For is believed as far as trusted proxies wrote it."""

import ipaddress

import pytest

from opentrail.recorder.client_address import client_address

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
