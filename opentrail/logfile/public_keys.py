"""Public keys of digests, in the form that ListPublicKeys answers.

`Value` is the PKCS #1 `RSAPublicKey` in DER (270 bytes for 2048 bits), base64 in JSON; a SubjectPublicKeyInfo is
refused by the AWS CLI. `Fingerprint` is the MD5 of these DER bytes, 32 lower-case hex digits: an AWS convention and
no protection. `ValidityStartTime` and `ValidityEndTime` are seconds since the epoch, or ISO texts where the AWS CLI 2
printed them.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from opentrail.clock import MICROSECONDS
from opentrail.errors import ClientError


class BadPublicKey(ClientError):
    """The bytes are no RSA public key in PKCS #1 form."""


class BadPublicKeyList(ClientError):
    """The document is no answer of ListPublicKeys."""


@dataclass(frozen=True)
class PublicKey:
    """A public key, and when it signs: microseconds since the epoch. `value`: PKCS #1 DER."""

    value: bytes
    fingerprint: str
    valid_from_us: int
    valid_to_us: int

    @cached_property
    def rsa(self) -> RSAPublicKey:
        """The key to verify with. Raises BadPublicKey."""
        return load_pkcs1(self.value)


def public_key(key: RSAPublicKey, valid_from_us: int, valid_to_us: int) -> PublicKey:
    """`key` as it is published."""
    value = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return PublicKey(value, fingerprint_of(value), valid_from_us, valid_to_us)


def fingerprint_of(value: bytes) -> str:
    """Lower-case hex MD5 of a key's PKCS #1 DER bytes."""
    return hashlib.md5(value, usedforsecurity=False).hexdigest()


def load_pkcs1(value: bytes) -> RSAPublicKey:
    """The key of PKCS #1 DER bytes. Raises BadPublicKey, also for a SubjectPublicKeyInfo."""
    try:
        key = serialization.load_der_public_key(value)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadPublicKey from error
    if not isinstance(key, RSAPublicKey):
        raise BadPublicKey("The key is no RSA key.")
    if key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1) != value:
        raise BadPublicKey("The key is not in PKCS #1 form.")
    return key


class _Entry(msgspec.Struct, rename="pascal"):
    value: str
    fingerprint: str
    validity_start_time: float | str = 0.0
    validity_end_time: float | str = 0.0


class _List(msgspec.Struct, rename="pascal"):
    public_key_list: list[_Entry]


def read_list(document: bytes) -> list[PublicKey]:
    """The keys in an answer of ListPublicKeys, or in several of them one after the other in a JSON list.

    Raises BadPublicKeyList.
    """
    try:
        lists = msgspec.json.decode(document, type=_List | list[_List])
        entries = [entry for part in (lists if isinstance(lists, list) else [lists]) for entry in part.public_key_list]
        return [_key_of(entry) for entry in entries]
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise BadPublicKeyList(f"The document is no answer of ListPublicKeys: {error}") from error


def write_list(keys: Iterable[PublicKey]) -> bytes:
    """The same, as `aws cloudtrail list-public-keys` of version 1 prints it."""
    entries = [
        _Entry(
            value=base64.b64encode(key.value).decode(),
            fingerprint=key.fingerprint,
            validity_start_time=key.valid_from_us / MICROSECONDS,
            validity_end_time=key.valid_to_us / MICROSECONDS,
        )
        for key in keys
    ]
    return msgspec.json.encode(_List(public_key_list=entries))


def _key_of(entry: _Entry) -> PublicKey:
    value = base64.b64decode(entry.value, validate=True)
    return PublicKey(value, entry.fingerprint, _us(entry.validity_start_time), _us(entry.validity_end_time))


def _us(time: float | str) -> int:
    if isinstance(time, str):
        moment = datetime.fromisoformat(time)
        time = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    return round(time * MICROSECONDS)
