"""Sealing small secrets, and keys for one purpose each, all derived from the root key of a data folder."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opentrail.accounts.faults import SecretsSealedOtherwise

KEY_BYTES = 32
_NONCE_BYTES = 12


def derived_key(key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose; nothing about `key` or other purposes follows from them."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"opentrail/{purpose}".encode()).derive(key)


class Seal:
    """Seals secrets with AES-256-GCM; `context` is what a secret belongs to, and must be the same to open it."""

    def __init__(self, key: bytes, purpose: str = "access-keys") -> None:
        self._cipher = AESGCM(derived_key(key, purpose))

    def close(self, secret: bytes, context: bytes) -> bytes:
        """A nonce and the sealed `secret`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The secret; raises SecretsSealedOtherwise where key, context or a byte of it is another."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise SecretsSealedOtherwise from error
