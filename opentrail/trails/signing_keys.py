"""The keys that sign digests: RSA-2048, one in force for each Region, replaced from time to time, listed for ever.

Private halves are kept as PKCS #8 DER, sealed by the root key and bound to Region and fingerprint. A key signs from
its start until the next one's start; it is published as valid for OVERLAP_SECONDS more, since a digest is dated by the
end of its window and checked by clocks that are not ours. `rotate` of any process is noticed with the next digest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import Engine

from opentrail.accounts.sealing import Seal
from opentrail.catalog.signing_keys import SigningKeyRow, add_key, end_key, keys_of, read_keys
from opentrail.clock import MICROSECONDS, Clock
from opentrail.logfile.public_keys import PublicKey, public_key

KEY_BITS = 2048
PUBLIC_EXPONENT = 65537
OVERLAP_SECONDS = 24 * 3600  # between the validity of a key and that of its successor
DAY_SECONDS = 24 * 3600
PURPOSE = "signing-keys"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key in force. `private` signs, `fingerprint` is what digests name it by."""

    fingerprint: str
    private: rsa.RSAPrivateKey


class SigningKeys:
    """All signing keys of a data folder. Any number of processes; one instance for one thread.

    `rotation_days`: how long a key signs before `current` makes another. Raises SecretsSealedOtherwise where the
    catalog's keys were sealed with another root key.
    """

    def __init__(self, engine: Engine, root_key: bytes, clock: Clock, rotation_days: float) -> None:
        self._engine = engine
        self._seal = Seal(root_key, PURPOSE)
        self._clock = clock
        self._life_us = int(rotation_days * DAY_SECONDS * MICROSECONDS)
        self._opened: dict[str, SigningKey] = {}

    def current(self, region: str) -> SigningKey:
        """The key that signs in `region` now, made where there is none or its time is over; durable on return."""
        now = self._clock.now_us()
        row = _in_force(read_keys(self._engine, region), now)
        if row is None or row.valid_from + self._life_us <= now:
            row = self._replace(region, now, unless_newer_than=row.fingerprint if row is not None else None)
        return self._open(row)

    def rotate(self, regions: Iterable[str]) -> list[PublicKey]:
        """A new key for each of `regions`, in force at once and durable on return; the old ones stay listed."""
        now = self._clock.now_us()
        return [_public(self._replace(region, now)) for region in regions]

    def listed(self, region: str | None = None, start_us: int = 0, end_us: int | None = None) -> list[PublicKey]:
        """The public keys of a Region (None: of all) that are valid at some time from `start_us` to `end_us`."""
        rows = read_keys(self._engine, region)
        return [
            _public(row) for row in rows if row.valid_to >= start_us and (end_us is None or row.valid_from <= end_us)
        ]

    def regions(self) -> list[str]:
        """The Regions that have a key."""
        return sorted({row.region for row in read_keys(self._engine)})

    def _replace(self, region: str, now: int, unless_newer_than: str | None = "") -> SigningKeyRow:
        """Make a key and end the ones before; another process's key is taken where it was quicker.

        `unless_newer_than`: the fingerprint that was seen in force (None: none was); "" makes a key in any case.
        """
        made = self._made(region, now)
        with self._engine.begin() as connection:
            rows = keys_of(connection, region)
            in_force = _in_force(rows, now)
            if unless_newer_than != "" and in_force is not None and in_force.fingerprint != unless_newer_than:
                return in_force
            for row in rows:
                if row.valid_to > now + OVERLAP_SECONDS * MICROSECONDS:
                    end_key(connection, row.fingerprint, now + OVERLAP_SECONDS * MICROSECONDS)
            add_key(connection, made)
        return made

    def _made(self, region: str, now: int) -> SigningKeyRow:
        private = rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS)
        published = public_key(private.public_key(), now, now + self._life_us + OVERLAP_SECONDS * MICROSECONDS)
        encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
        text = private.private_bytes(encoding, form, serialization.NoEncryption())
        sealed = self._seal.close(text, _context(region, published.fingerprint))
        self._opened[published.fingerprint] = SigningKey(published.fingerprint, private)
        return SigningKeyRow(published.fingerprint, region, published.value, sealed, now, published.valid_to_us)

    def _open(self, row: SigningKeyRow) -> SigningKey:
        if row.fingerprint not in self._opened:
            text = self._seal.open(row.private_key, _context(row.region, row.fingerprint))
            private = serialization.load_der_private_key(text, None)
            assert isinstance(private, rsa.RSAPrivateKey)  # nothing else was ever sealed in this context
            self._opened[row.fingerprint] = SigningKey(row.fingerprint, private)
        return self._opened[row.fingerprint]


def _in_force(rows: list[SigningKeyRow], now: int) -> SigningKeyRow | None:
    """The youngest key that has begun; a clock that was set back finds the oldest of those to come."""
    begun = [row for row in rows if row.valid_from <= now]
    return begun[-1] if begun else (rows[0] if rows else None)


def _public(row: SigningKeyRow) -> PublicKey:
    return PublicKey(row.public_key, row.fingerprint, row.valid_from, row.valid_to)


def _context(region: str, fingerprint: str) -> bytes:
    return f"{region}/{fingerprint}".encode()
