"""Whose address a call came from, when proxies stand between."""

import ipaddress
import re

from opentrail.recorder.settings import Network

VPC_ENDPOINT = "x-opentrail-vpc-endpoint"  # our own: AWS has no header for it
_VPC_ENDPOINT = re.compile(r"vpce-[0-9a-f]{8,17}", re.ASCII)
FORWARDED_FOR = "x-forwarded-for"


def client_address(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The nearest address to us that no trusted proxy has.

    `forwarded_for` is the joined X-Forwarded-For. It is read from the right, one hop for each trusted proxy; what an
    untrusted hop wrote is never believed, nor is anything that is no address.
    """
    if not trusted or not forwarded_for or not _is_trusted(peer, trusted):
        return peer
    nearest = peer
    for hop in reversed(forwarded_for.split(",")):
        address = _address(hop)
        if address is None:
            break
        nearest = address
        if not _is_trusted(address, trusted):
            break
    return nearest


def vpc_endpoint(peer: str, stated: str, trusted: tuple[Network, ...]) -> str | None:
    """The VPC endpoint that a trusted proxy says a call came through; nobody else is believed."""
    if not stated or not trusted or _VPC_ENDPOINT.fullmatch(stated) is None or not _is_trusted(peer, trusted):
        return None
    return stated


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


def _address(hop: str) -> str | None:
    text = hop.strip()
    if text.startswith("["):  # [v6]:port
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # v4:port
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
