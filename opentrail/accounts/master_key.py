"""The master key of a data folder: where it is kept, and that it is closed to others.

As a file: 32 random bytes, readable by their owner alone; `secrets/master.key` unless the key ring names another
place. From an environment variable, or in a file by hand: the same in base64 or in hex. From KMS: sealed by a key of
KMS, which opens it at every start (kms_custody.py). A folder without a key ring (key_ring.py) has a file, whose bytes
are its root key.
"""

import base64
import binascii
import os
import stat
from pathlib import Path

from opentrail.accounts.faults import MasterKeyUnreadable
from opentrail.accounts.sealing import KEY_BYTES
from opentrail.telemetry import logger

FILE_NAME = "master.key"
VARIABLE = "OPENTRAIL_MASTER_KEY"
OWNER_ONLY = 0o600

log = logger("accounts")


def new_master_key() -> bytes:
    """One that nobody else has."""
    return os.urandom(KEY_BYTES)


def as_text(key: bytes) -> str:
    """The key as an environment variable has it."""
    return base64.b64encode(key).decode()


def from_text(text: str, where: str) -> bytes:
    """The key that a variable or a file by hand holds, in base64 or hex. Raises MasterKeyUnreadable."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as failure:
        raise MasterKeyUnreadable(f"{where} holds no master key: neither base64 nor hex") from failure
    if len(key) != KEY_BYTES:
        raise MasterKeyUnreadable(f"{where} holds no master key: {len(key)} bytes, expected {KEY_BYTES}")
    return key


def from_environment(variable: str = VARIABLE) -> bytes:
    """The key in an environment variable. Raises MasterKeyUnreadable."""
    text = os.environ.get(variable)
    if not text:
        raise MasterKeyUnreadable(f"{variable} is not set: the master key of this data folder is kept there")
    return from_text(text, variable)


def from_file(path: Path) -> bytes:
    """The key in a file, which is closed to others where it was not. Raises MasterKeyUnreadable."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & ~OWNER_ONLY and os.access(path, os.W_OK):
            log.warning("the master key was open to others", action="master-key-closed", path=str(path))
            path.chmod(OWNER_ONLY)
        key = path.read_bytes()
    except OSError as error:
        raise MasterKeyUnreadable(f"{path}: {error.strerror}") from error
    if len(key) == KEY_BYTES:
        return key
    try:
        text = key.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if len(text.strip()) < KEY_BYTES:
        raise MasterKeyUnreadable(f"{path} is no master key: {len(key)} bytes, expected {KEY_BYTES}")
    return from_text(text, str(path))


def load_or_make(path: Path) -> bytes:
    """The key in the file at `path`, made where there is none; on disk on return. Raises MasterKeyUnreadable.

    Several processes may call this at once: all get the same key.
    """
    if not path.exists():
        write_key(path, new_master_key())
    return from_file(path)


def write_key(path: Path, key: bytes, *, replace: bool = False) -> None:
    """Write `key` under its name, unless another process has done so first; durable on return.

    `replace`: also where the name is taken.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            try:
                os.link(draft, path)  # fails where the name is taken: never replaces a key
            except FileExistsError:
                return
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
