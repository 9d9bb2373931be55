"""The data keys of a folder: what seals the bytes of events in its journal and its outbox.

What is sealed: number of the data key (big-endian u32), salt (16 random bytes, one for each run of a process), a
counter (big-endian u64), then AES-256-GCM under a key derived from the data key and the salt, with the counter as its
nonce. So no nonce comes twice under one key, however many batches there are, and nobody has to remember where he
stopped.
"""

import itertools
import os
import struct
import threading
from collections import OrderedDict
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opentrail.accounts.faults import DataKeyMissing, SealedBytesChanged
from opentrail.accounts.sealing import KEY_BYTES, derived_key

_SALT_BYTES = 16
_HEAD = struct.Struct(f">I{_SALT_BYTES}sQ")
_COUNTER = struct.Struct(">4xQ")  # a nonce of 12 bytes
_RUNS_REMEMBERED = 256  # whose keys need not be derived again


class DataKeys:
    """Seals with the newest of `keys`, opens with any of them; by number. Safe from any thread, not across a fork."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._keys = dict(keys)
        self._checksum_keys = {number: derived_key(key, "checksums") for number, key in keys.items()}
        self._newest = max(keys)
        self._salt = os.urandom(_SALT_BYTES)
        self._counter = itertools.count()
        self._runs: OrderedDict[tuple[int, bytes], AESGCM] = OrderedDict()
        self._lock = threading.Lock()
        self._own = self._derived(self._newest, self._salt)

    @property
    def keys(self) -> Mapping[int, bytes]:
        """The keys by number, for another process that opens what was sealed."""
        return self._keys

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`plain`, sealed; to be opened with the same `context`."""
        count = next(self._counter)
        return _HEAD.pack(self._newest, self._salt, count) + self._own.encrypt(_COUNTER.pack(count), plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed. Raises DataKeyMissing, SealedBytesChanged."""
        number, salt, count = self._head(sealed)
        try:
            return self._of_run(number, salt).decrypt(_COUNTER.pack(count), sealed[_HEAD.size :], context)
        except InvalidTag as changed:
            raise SealedBytesChanged from changed

    def checksum_key(self, sealed: bytes) -> bytes:
        """The key of checksums over what was sealed with the same data key. Raises as `open`."""
        return self._checksum_keys[self._head(sealed)[0]]

    def _head(self, sealed: bytes) -> tuple[int, bytes, int]:
        if len(sealed) < _HEAD.size:
            raise SealedBytesChanged
        number, salt, count = _HEAD.unpack_from(sealed)
        if number not in self._keys:
            raise DataKeyMissing(f"sealed with data key {number}, which the folder's key ring does not hold")
        return number, salt, count

    def _of_run(self, number: int, salt: bytes) -> AESGCM:
        if salt == self._salt and number == self._newest:
            return self._own
        run = (number, salt)
        with self._lock:
            cipher = self._runs.get(run)
            if cipher is None:
                cipher = self._runs[run] = self._derived(number, salt)
            self._runs.move_to_end(run)
            if len(self._runs) > _RUNS_REMEMBERED:
                self._runs.popitem(last=False)
        return cipher

    def _derived(self, number: int, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=salt, info=b"opentrail/batches").derive(self._keys[number]))
