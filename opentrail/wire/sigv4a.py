"""Signature Version 4A: one ECDSA signature for several Regions, as multi-Region endpoints ask for it.

The key pair follows from the caller's secret, so that who knows the secret can verify: a counter-mode key derivation
(NIST SP 800-108, HMAC-SHA256) over the algorithm's name, the access key id and a counter gives the private scalar.
The scope has no Region; the header X-Amz-Region-Set lists those that the signature is for (`*`: all).
Source: AWS Identity and Access Management User Guide, "AWS Signature Version 4 for API requests", and the SDKs.
"""

import functools
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature as NotSigned
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from opentrail import limits
from opentrail.wire.canonical import hmac_sha256
from opentrail.wire.signature import Signature

ALGORITHM_4A: Final = "AWS4-ECDSA-P256-SHA256"
REGION_SET: Final = "x-amz-region-set"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
_BITS: Final = 256
_COUNTERS: Final = 254


@functools.lru_cache(maxsize=limits.SIGNING_KEYS)
def private_key(access_key: str, secret: str) -> ec.EllipticCurvePrivateKey:
    """The key that signs for this access key."""
    for counter in range(1, _COUNTERS + 1):
        context = access_key.encode() + bytes([counter])
        fixed = b"\x00\x00\x00\x01" + ALGORITHM_4A.encode() + b"\x00" + context + _BITS.to_bytes(4, "big")
        candidate = int.from_bytes(hmac_sha256(f"AWS4A{secret}".encode(), fixed), "big")
        if candidate <= _ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1())
    raise ValueError("no key follows from this secret")  # one chance in 2 to the power of 8,000


def is_signed_4a(signature: Signature, secret: str, canonical: str) -> bool:
    """Whether `signature` (hex of DER) was made with `secret` over a canonical request."""
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    scope = f"{signature.date[:8]}/{signature.service}/aws4_request"
    text = f"{ALGORITHM_4A}\n{signature.date}\n{scope}\n{digest}".encode()
    try:
        key = private_key(signature.access_key, secret).public_key()
        key.verify(bytes.fromhex(signature.signature), text, ec.ECDSA(hashes.SHA256()))
    except (NotSigned, ValueError):
        return False
    return True
