"""The master key of a data folder, and what is derived from it: the key of sealed secrets, the key of page tokens.

`secrets/master.key`: 32 random bytes, readable by their owner alone. Without it the learned access keys are lost.
"""

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opentrail.accounts.faults import MasterKeyUnreadable, SecretsSealedOtherwise
from opentrail.telemetry import logger

FILE_NAME = "master.key"
KEY_BYTES = 32
_NONCE_BYTES = 12
_OWNER_ONLY = 0o600

log = logger("accounts")


def load_master_key(folder: Path) -> bytes:
    """The master key in `folder`, made where there is none; on disk when this returns. Raises MasterKeyUnreadable.

    Several processes may call this at once: all get the same key.
    """
    path = folder / FILE_NAME
    if not path.exists():
        _create(path)
    try:
        if stat.S_IMODE(path.stat().st_mode) & ~_OWNER_ONLY:
            log.warning("the master key was open to others", action="master-key-closed", path=str(path))
            path.chmod(_OWNER_ONLY)
        key = path.read_bytes()
    except OSError as error:
        raise MasterKeyUnreadable(f"{path}: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise MasterKeyUnreadable(f"{path} is no master key: {len(key)} bytes, expected {KEY_BYTES}")
    return key


def derived_key(master_key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose; nothing about the master key or other purposes follows from them."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"opentrail/{purpose}".encode()).derive(master_key)


class Seal:
    """Seals secrets with AES-256-GCM; `context` is what a secret belongs to, and must be the same to open it."""

    def __init__(self, master_key: bytes, purpose: str = "access-keys") -> None:
        self._cipher = AESGCM(derived_key(master_key, purpose))

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


def _create(path: Path) -> None:
    """Write a new key under its name, unless another process does so first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE_NAME}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where the name is taken: never replaces a key
        except FileExistsError:
            return
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
