"""The key pairs that sign digests, kept for ever: what one of them signed may be validated years later."""

import msgspec
from sqlalchemy import Connection, Engine, insert, literal_column, select, update

from opentrail.catalog.database import READING
from opentrail.catalog.tables import signing_keys


class SigningKeyRow(msgspec.Struct, frozen=True):
    """One key pair. It signs from `valid_from` on; its public half is published as valid to `valid_to` (both us)."""

    fingerprint: str  # hex MD5 of `public_key`
    region: str
    public_key: bytes  # PKCS #1 DER
    private_key: bytes  # sealed
    valid_from: int
    valid_to: int


_ROWS = select(*(signing_keys.c[name] for name in SigningKeyRow.__struct_fields__)).order_by(
    signing_keys.c.region, signing_keys.c.valid_from, literal_column("rowid")
)


def read_keys(engine: Engine, region: str | None = None) -> list[SigningKeyRow]:
    """The keys of a Region, or all, oldest first."""
    with engine.connect().execution_options(**READING) as connection:
        return keys_of(connection, region)


def keys_of(connection: Connection, region: str | None = None) -> list[SigningKeyRow]:
    """The same, within a transaction."""
    question = _ROWS if region is None else _ROWS.where(signing_keys.c.region == region)
    return [SigningKeyRow(*row) for row in connection.execute(question)]


def add_key(connection: Connection, key: SigningKeyRow) -> None:
    """Keep a new key."""
    connection.execute(insert(signing_keys).values(**msgspec.structs.asdict(key)))


def end_key(connection: Connection, fingerprint: str, valid_to_us: int) -> None:
    """Publish a key as valid to an earlier time; it is still listed for the time before."""
    connection.execute(
        update(signing_keys).where(signing_keys.c.fingerprint == fingerprint).values(valid_to=valid_to_us)
    )
