"""Writing digests: from what is to be named to signed bytes in the outbox and rows in the catalog, in one transaction.

The row of a digest, the files that it names and the new end of its chain are committed together, so a file is named
once and a chain never forks, whatever crashes; what is uploaded later are these bytes under this key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Engine

from opentrail.catalog.database import READING
from opentrail.catalog.destination import Destination
from opentrail.catalog.digests import (
    BACKFILL_PERIOD,
    DigestChain,
    MadeDigest,
    add_chain,
    add_digest,
    extend_chain,
    read_digest,
)
from opentrail.catalog.log_files import CutFile, name_in_digest
from opentrail.catalog.trails import Trail
from opentrail.clock import Clock
from opentrail.logfile import digest as digest_file
from opentrail.logfile.digest import Digest, LogFileEntry
from opentrail.logfile.keys import Chain
from opentrail.logfile.signature import sign
from opentrail.record.times import format_event_time
from opentrail.trails.outbox import Outbox
from opentrail.trails.signing_keys import SigningKeys


@dataclass(frozen=True, slots=True)
class DigestToMake:
    """What a digest will say. `end`: whole seconds in microseconds; `last`: it closes its chain."""

    chain: DigestChain
    trail: Trail
    destination: Destination
    end: int
    files: Sequence[CutFile]
    last: bool

    @property
    def backfill(self) -> bool:
        """Whether it names files that came too late for their own digests."""
        return self.chain.period == BACKFILL_PERIOD

    @property
    def key(self) -> str:
        """Where it will lie in its bucket."""
        chain = Chain(
            account=self.chain.account,
            region=self.chain.region,
            trail=self.trail.name,
            home_region=self.trail.home_region,
            prefix=self.trail.prefix,
            organization=self.trail.organization_id or "",
            backfill=self.backfill,
        )
        return str(chain.key_at(self.end))

    def ending_at(self, end: int) -> "DigestToMake":
        """The same digest with another end."""
        return replace(self, end=end)


class DigestWriter:
    """Signs digests and puts them into the outbox. For one thread."""

    def __init__(self, engine: Engine, outbox: Outbox, keys: SigningKeys, clock: Clock) -> None:
        self._engine = engine
        self._outbox = outbox
        self._keys = keys
        self._clock = clock

    def write(self, digests: Sequence[DigestToMake]) -> None:
        """Make the digests, all or none; durable on return."""
        made: list[MadeDigest] = []
        try:
            for digest in digests:
                made.append(self._sign(digest))
            self._outbox.seal()
            with self._engine.begin() as connection:
                for digest, signed in zip(digests, made, strict=True):
                    chain_id = digest.chain.id or add_chain(connection, digest.chain)
                    digest_id = add_digest(connection, msgspec.structs.replace(signed, chain_id=chain_id))
                    name_in_digest(connection, digest_id, [file.id for file in digest.files])
                    extend_chain(connection, chain_id, digest_id, digest.end, digest.last)
        except BaseException:
            for signed in made:
                self._outbox.drop(signed.outbox)
            raise

    def _sign(self, digest: DigestToMake) -> MadeDigest:
        now = self._clock.now_us()
        key = self._keys.current(digest.chain.region)
        written = digest_file.write(self._content(digest, key.fingerprint))
        return MadeDigest(
            trail_id=digest.chain.trail_id,
            chain_id=digest.chain.id,
            destination=digest.destination,
            key=digest.key,
            outbox=self._outbox.keep(written.stored),
            sha256=written.sha256,
            signature=sign(key.private, written.digest, written.sha256),
            backfilled_at=now if digest.backfill else None,
            made_at=now,
            stored_bytes=len(written.stored),
        )

    def _content(self, digest: DigestToMake, fingerprint: str) -> Digest:
        files = digest.files
        previous = self._previous(digest.chain)
        return Digest(
            aws_account_id=digest.chain.account,
            digest_start_time=format_event_time(digest.chain.covered_through),
            digest_end_time=format_event_time(digest.end),
            digest_s3_bucket=digest.destination.bucket,
            digest_s3_object=digest.key,
            digest_public_key_fingerprint=fingerprint,
            newest_event_time=format_event_time(max(file.newest for file in files)) if files else None,
            oldest_event_time=format_event_time(min(file.oldest for file in files)) if files else None,
            previous_digest_s3_bucket=previous.destination.bucket if previous is not None else None,
            previous_digest_s3_object=previous.key if previous is not None else None,
            previous_digest_hash_value=previous.sha256 if previous is not None else None,
            previous_digest_hash_algorithm=digest_file.HASH_ALGORITHM if previous is not None else None,
            previous_digest_signature=previous.signature if previous is not None else None,
            log_files=[_entry(file) for file in files],
        )

    def _previous(self, chain: DigestChain) -> MadeDigest | None:
        if chain.last_digest_id is None:
            return None
        with self._engine.connect().execution_options(**READING) as connection:
            return read_digest(connection, chain.last_digest_id)


def _entry(file: CutFile) -> LogFileEntry:
    return LogFileEntry(
        s3_bucket=file.destination.bucket,
        s3_object=file.key,
        hash_value=file.sha256,
        newest_event_time=format_event_time(file.newest),
        oldest_event_time=format_event_time(file.oldest),
    )
