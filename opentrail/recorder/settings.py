"""What the recorder can be told, as one frozen value."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from opentrail import limits

Guarantee = Literal["durable", "write-ahead", "async"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """How calls are forwarded and what an answer promises.

    `durable`: an answer leaves after its record is on disk, and calls are refused while the journal cannot write.
    `write-ahead`: besides, an intent is on disk before the call goes to its upstream. `async`: the record follows the
    answer.
    """

    home_account: str  # whose records are those of calls without a known principal
    spool_folder: Path  # bodies that must be hashed before they go on, beyond what is held in memory
    guarantee: Guarantee = "durable"
    region: str = "us-east-1"  # of calls that name none
    trusted_proxies: tuple[Network, ...] = ()  # whose X-Forwarded-For is believed
    captured_bytes: int = limits.CAPTURED_BODY_BYTES
    held_request_bytes: int = limits.HELD_REQUEST_BYTES
    held_strangers_bytes: int = limits.HELD_STRANGERS_BYTES
    spooled_bytes: int = limits.SPOOLED_BODY_BYTES
    connect_seconds: float = 5.0  # to reach an upstream
    first_byte_seconds: float = 60.0  # from the end of the request to the first byte of its answer, and between bytes
