"""Digests and the chains that they form: a row each, committed with the files that a digest names.

A chain is one trail's digests for one account and Region during one period of validated logging; chain period 0 is that
of the backfill digests, for files that came too late for their own. A chain is closed by its last digest.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from opentrail.catalog.destination import Destination, decode_destination, encode_destination
from opentrail.catalog.log_files import State
from opentrail.catalog.tables import digest_chains, digests

BACKFILL_PERIOD = 0


class DigestChain(msgspec.Struct, frozen=True, kw_only=True):
    """One chain. `covered_through`: whole seconds in us, where its next digest starts. `id` 0: not in the catalog."""

    id: int = 0
    trail_id: int
    period: int
    account: str
    region: str
    covered_through: int
    last_digest_id: int | None = None
    closed: bool = False


class MadeDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A signed digest whose bytes wait in the outbox until they are in the bucket."""

    id: int = 0
    trail_id: int
    chain_id: int
    destination: Destination
    key: str
    outbox: str
    sha256: str
    signature: str
    backfilled_at: int | None = None
    made_at: int
    stored_bytes: int
    delivery: State = "waiting"
    delivered_at: int | None = None

    @property
    def made_us(self) -> int:
        """When it was made."""
        return self.made_at


_CHAINS = select(*(digest_chains.c[name] for name in DigestChain.__struct_fields__)).order_by(digest_chains.c.id)
_DIGESTS = select(*(digests.c[name] for name in MadeDigest.__struct_fields__)).order_by(digests.c.id)
_DESTINATION = MadeDigest.__struct_fields__.index("destination")


def read_chains(connection: Connection, trail_id: int) -> list[DigestChain]:
    """The trail's chains, also closed ones that are kept, oldest first."""
    rows = connection.execute(_CHAINS.where(digest_chains.c.trail_id == trail_id))
    return [DigestChain(**row) for row in rows.mappings()]


def add_chain(connection: Connection, chain: DigestChain) -> int:
    """Begin a chain; its id."""
    row = msgspec.structs.asdict(chain)
    del row["id"]
    return int(connection.execute(insert(digest_chains).values(**row).returning(digest_chains.c.id)).scalar_one())


def open_chain(connection: Connection, chain: DigestChain) -> DigestChain:
    """Begin a chain, anew where the same place had one in this period; the chain with its id."""
    fresh = {"covered_through": chain.covered_through, "last_digest_id": None, "closed": False}
    same = [digest_chains.c[name] == getattr(chain, name) for name in ("trail_id", "period", "account", "region")]
    again = connection.execute(update(digest_chains).where(*same).values(**fresh).returning(digest_chains.c.id))
    chain_id = again.scalar_one_or_none()
    return msgspec.structs.replace(chain, id=chain_id if chain_id is not None else add_chain(connection, chain))


def extend_chain(connection: Connection, chain_id: int, digest_id: int, covered_through: int, closed: bool) -> None:
    """The chain ends with this digest now; `closed`: for good."""
    values = {"last_digest_id": digest_id, "covered_through": covered_through, "closed": closed}
    connection.execute(update(digest_chains).where(digest_chains.c.id == chain_id).values(**values))


def add_digest(connection: Connection, digest: MadeDigest) -> int:
    """Commit a digest with the transaction; its id."""
    row = msgspec.structs.asdict(digest)
    del row["id"]
    row["destination"] = encode_destination(digest.destination)
    return int(connection.execute(insert(digests).values(**row).returning(digests.c.id)).scalar_one())


def read_digest(connection: Connection, digest_id: int) -> MadeDigest:
    """A digest by its id; a chain's last one is always kept."""
    return _read(connection, _DIGESTS.where(digests.c.id == digest_id))[0]


def key_taken(connection: Connection, bucket: str, key: str) -> bool:
    """Whether a digest that is kept lies, or will lie, at that place."""
    rows = connection.execute(select(digests.c.destination).where(digests.c.key == key)).scalars()
    return any(decode_destination(row).bucket == bucket for row in rows)


def waiting_digest_queues(connection: Connection) -> list[tuple[int, bytes]]:
    """Which trails have digests to deliver, by destination as it is kept."""
    question = select(digests.c.trail_id, digests.c.destination).where(digests.c.delivery == "waiting").distinct()
    return [(row.trail_id, row.destination) for row in connection.execute(question)]


def waiting_digests(connection: Connection, trail_id: int, destination: bytes, limit: int) -> list[MadeDigest]:
    """The oldest digests of one queue, in the order of their chains."""
    mine = (
        digests.c.delivery == "waiting",
        digests.c.trail_id == trail_id,
        digests.c.destination == destination,
    )
    return _read(connection, _DIGESTS.where(*mine).limit(limit))


def settle_digest(connection: Connection, digest_id: int, state: State, at_us: int) -> None:
    """A digest is delivered, or given up."""
    values: dict[str, Any] = {"delivery": state}
    if state == "done":
        values["delivered_at"] = at_us
    connection.execute(update(digests).where(digests.c.id == digest_id).values(**values))


def needed_digest_outbox(connection: Connection) -> set[str]:
    """Names of the outbox files of digests that are not delivered yet."""
    return set(connection.execute(select(digests.c.outbox).where(digests.c.delivery == "waiting")).scalars())


def digests_waiting(connection: Connection, trail_id: int) -> int:
    """How many of the trail's digests are not delivered yet."""
    mine = (digests.c.trail_id == trail_id, digests.c.delivery == "waiting")
    return int(connection.execute(select(func.count()).select_from(digests).where(*mine)).scalar_one())


def prune_chains(connection: Connection, before_us: int) -> int:
    """Drop chains closed before that time, with their digests, once all of these are settled; how many."""
    waiting = select(digests.c.chain_id).where(digests.c.delivery == "waiting")
    old = (digest_chains.c.closed, digest_chains.c.covered_through < before_us, digest_chains.c.id.not_in(waiting))
    return connection.execute(delete(digest_chains).where(*old)).rowcount


def prune_digests(connection: Connection, before_us: int) -> int:
    """Drop digests made before that time which are settled and end no chain; how many."""
    last = select(digest_chains.c.last_digest_id).where(digest_chains.c.last_digest_id.is_not(None))
    old = (digests.c.made_at < before_us, digests.c.delivery != "waiting", digests.c.id.not_in(last))
    return connection.execute(delete(digests).where(*old)).rowcount


def _read(connection: Connection, question: Any) -> list[MadeDigest]:
    found = []
    for row in connection.execute(question):
        values = list(row)
        values[_DESTINATION] = decode_destination(values[_DESTINATION])
        found.append(MadeDigest(**dict(zip(MadeDigest.__struct_fields__, values, strict=True))))
    return found
