"""The key ring of a data folder: its root key and its data keys, sealed under the master key.

`secrets/keyring.json`, mode 0600, replaced as a whole: `version` 1, `custody` (where the master key is), `root` and
`data_keys` (by number, from 1), each 32 bytes sealed by AES-256-GCM under a key derived from the master key. The root
key seals the secrets of the catalog, the newest data key the bytes of events. A new master key seals the same keys
anew: nothing else has to be written again, and no running server notices. Who has the old one and an old copy of the
ring still has these keys; a new data key seals what comes.

A new master key in a file stands beside the old one, as `NAME.next`, until the ring is sealed with it: whoever reads
meanwhile, or after a crash, takes the one that opens the ring.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from opentrail.accounts import master_key
from opentrail.accounts.data_keys import DataKeys
from opentrail.accounts.faults import KeyRingUnreadable, MasterKeyUnreadable, MasterKeyWrong, SecretsSealedOtherwise
from opentrail.accounts.kms_custody import KmsCustody, opened_by_kms, sealed_by_kms
from opentrail.accounts.sealing import Seal

FILE_NAME = "keyring.json"
VERSION = 1
_PURPOSE = "key-ring"
_ATTEMPTS = 3  # a rotation of another process may come in between


class FileCustody(msgspec.Struct, frozen=True, tag_field="kind", tag="file", forbid_unknown_fields=True):
    """The master key is a file: at `path`, or `master.key` beside the ring."""

    path: str = ""

    def place(self, secrets: Path) -> Path:
        """Where the file is."""
        return Path(self.path) if self.path else secrets / master_key.FILE_NAME


class EnvironmentCustody(msgspec.Struct, frozen=True, tag_field="kind", tag="environment", forbid_unknown_fields=True):
    """The master key is in an environment variable of every process that needs it."""

    variable: str = master_key.VARIABLE


Custody = FileCustody | EnvironmentCustody | KmsCustody


class _Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    custody: Custody
    root: bytes
    data_keys: dict[str, bytes]  # by number


class KeyRing:
    """The opened keys of a folder."""

    def __init__(self, custody: Custody, root: bytes, data_keys: dict[int, bytes]) -> None:
        self.custody = custody
        self.root = root
        self._data_keys = data_keys

    @property
    def sealer(self) -> DataKeys:
        """Seals with the newest data key, opens with all."""
        return DataKeys(self._data_keys)

    @property
    def data_keys(self) -> int:
        """How many data keys there are."""
        return len(self._data_keys)

    @classmethod
    def open(cls, secrets: Path) -> "KeyRing | None":
        """The ring in the folder `secrets`; None where there is none.

        Raises KeyRingUnreadable, MasterKeyUnreadable, MasterKeyWrong.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            ring = _read(secrets)
            if ring is None:
                return None
            try:
                return _opened(ring, secrets)
            except MasterKeyWrong:
                if attempt == _ATTEMPTS:
                    raise
        return None

    @classmethod
    def make(cls, secrets: Path, custody: Custody, master: bytes, root: bytes | None = None) -> "KeyRing":
        """A new ring, durable on return; `root`: the key that seals the catalog already, until now a plain file.

        Raises KeyRingUnreadable where there is one, MasterKeyUnreadable where the key cannot be kept as `custody` says.
        """
        if (secrets / FILE_NAME).exists():
            raise KeyRingUnreadable(f"{secrets / FILE_NAME} is there already")
        before = FileCustody() if root is not None else custody
        ring = cls(before, root or master_key.new_master_key(), {1: master_key.new_master_key()})
        return ring.under(secrets, custody, master)

    def under(self, secrets: Path, custody: Custody, master: bytes) -> "KeyRing":
        """The same keys under another master key, which is kept as `custody` says; durable on return."""
        if isinstance(custody, KmsCustody):
            custody = sealed_by_kms(custody, master)
        renamed = _prepared(secrets, custody, master)
        seal = Seal(master, _PURPOSE)
        ring = _Ring(
            VERSION,
            custody,
            seal.close(self.root, b"root"),
            {str(number): seal.close(key, _context(number)) for number, key in self._data_keys.items()},
        )
        master_key.write_key(secrets / FILE_NAME, msgspec.json.format(msgspec.json.encode(ring)) + b"\n", replace=True)
        renamed()
        before = self.custody
        if isinstance(before, FileCustody) and not (
            isinstance(custody, FileCustody) and custody.place(secrets) == before.place(secrets)
        ):
            before.place(secrets).unlink(missing_ok=True)
        return KeyRing(custody, self.root, self._data_keys)

    def with_new_data_key(self) -> "KeyRing":
        """The same ring with one more data key, which seals what comes; on disk once it is `under` a master key."""
        return KeyRing(
            self.custody, self.root, {**self._data_keys, max(self._data_keys) + 1: master_key.new_master_key()}
        )


def master_keys(custody: Custody, secrets: Path) -> list[bytes]:
    """The master key, and the next one where it is just being replaced. Raises MasterKeyUnreadable."""
    if isinstance(custody, EnvironmentCustody):
        return [master_key.from_environment(custody.variable)]
    if isinstance(custody, KmsCustody):
        return [opened_by_kms(custody)]
    place = custody.place(secrets)
    found = [master_key.from_file(path) for path in (place, _next(place)) if path.exists()]
    return found or [master_key.from_file(place)]


def _read(secrets: Path) -> _Ring | None:
    path = secrets / FILE_NAME
    try:
        ring = msgspec.json.decode(path.read_bytes(), type=_Ring)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyRingUnreadable(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise KeyRingUnreadable(f"{path} is no key ring: {error}") from error
    if ring.version != VERSION or not ring.data_keys or not all(name.isdecimal() for name in ring.data_keys):
        raise KeyRingUnreadable(f"{path} is no key ring of version {VERSION}")
    return ring


def _opened(ring: _Ring, secrets: Path) -> KeyRing:
    for master in master_keys(ring.custody, secrets):
        seal = Seal(master, _PURPOSE)
        try:
            data_keys = {int(name): seal.open(key, _context(int(name))) for name, key in ring.data_keys.items()}
            opened = KeyRing(ring.custody, seal.open(ring.root, b"root"), data_keys)
        except SecretsSealedOtherwise:
            continue
        if isinstance(ring.custody, FileCustody):
            _finish_renaming(ring.custody.place(secrets), master)
        return opened
    raise MasterKeyWrong(
        f"the master key ({_told(ring.custody, secrets)}) is not the one that the keys of {secrets} are sealed with"
    )


def _prepared(secrets: Path, custody: Custody, master: bytes) -> Callable[[], None]:
    """A new master key in a file lies beside the old one when this returns; the result puts it in its place."""
    if not isinstance(custody, FileCustody):
        return lambda: None
    place = custody.place(secrets)
    try:
        master_key.write_key(_next(place), master, replace=True)
    except OSError as error:
        raise MasterKeyUnreadable(f"{place} cannot be written: {error.strerror}") from error
    return lambda: _finish_renaming(place, master)


def _finish_renaming(place: Path, master: bytes) -> None:
    """The key that opens the ring has its name, also after a crash; whoever may not write there leaves it."""
    if not _next(place).exists() or not os.access(place.parent, os.W_OK):
        return
    if master_key.from_file(_next(place)) == master:
        _next(place).replace(place)
        master_key.sync_folder(place.parent)


def _next(place: Path) -> Path:
    return place.with_name(place.name + ".next")


def _told(custody: Custody, secrets: Path) -> str:
    if isinstance(custody, EnvironmentCustody):
        return custody.variable
    return f"of KMS key {custody.key_id}" if isinstance(custody, KmsCustody) else str(custody.place(secrets))


def _context(number: int) -> bytes:
    return f"data-key/{number}".encode()
