"""How the buckets of trails are protected against deletion, as they were last looked at."""

from collections.abc import Collection

import msgspec
from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.database import READING
from opentrail.catalog.tables import bucket_protection

KINDS = ("versioning", "mfa-delete", "object-lock", "unknown")


class BucketProtection(msgspec.Struct, frozen=True):
    """What one bucket was found to have. `fault`: why it could not be told; then the rest says nothing."""

    account: str
    bucket: str
    looked_at_us: int
    versioning: bool = False
    mfa_delete: bool = False
    object_lock: str | None = None  # mode and time of the default retention, "COMPLIANCE 365 days"; None: there is none
    fault: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What it lacks, of `KINDS`."""
        if self.fault is not None:
            return ("unknown",)
        has = {"versioning": self.versioning, "mfa-delete": self.mfa_delete, "object-lock": self.object_lock}
        return tuple(kind for kind, there in has.items() if not there)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What that means, in sentences for people."""
        texts = {
            "versioning": "versioning is off: a log file that is overwritten or deleted is gone",
            "mfa-delete": "MFA delete is off: a stolen key can delete versions of log files",
            "object-lock": "no object lock with a default retention: log files can be deleted before their time",
            "unknown": f"its protection cannot be told: {self.fault}",
        }
        return tuple(f"bucket {self.bucket} of account {self.account}: {texts[kind]}" for kind in self.missing)


class BucketProtections:
    """All buckets of trails. Safe from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[BucketProtection]:
        """Every bucket, by account and name."""
        table = bucket_protection
        question = select(table).order_by(table.c.account, table.c.bucket)
        with self._engine.connect().execution_options(**READING) as connection:
            return [
                BucketProtection(
                    account=row.account,
                    bucket=row.bucket,
                    looked_at_us=row.looked_at,
                    versioning=bool(row.versioning),
                    mfa_delete=bool(row.mfa_delete),
                    object_lock=row.object_lock,
                    fault=row.fault,
                )
                for row in connection.execute(question)
            ]

    def write(self, found: BucketProtection) -> None:
        """Keep what was found, instead of what was known. Durable on return."""
        values = {
            "account": found.account,
            "bucket": found.bucket,
            "looked_at": found.looked_at_us,
            "versioning": int(found.versioning),
            "mfa_delete": int(found.mfa_delete),
            "object_lock": found.object_lock,
            "fault": found.fault,
        }
        statement = insert(bucket_protection).values(values)
        statement = statement.on_conflict_do_update(index_elements=["account", "bucket"], set_=values)
        with self._engine.begin() as connection:
            connection.execute(statement)

    def forget_others(self, kept: Collection[tuple[str, str]]) -> None:
        """Drop the buckets (account and name) that no trail has any more."""
        table = bucket_protection
        gone = [(one.account, one.bucket) for one in self.all() if (one.account, one.bucket) not in kept]
        if not gone:
            return
        with self._engine.begin() as connection:
            for account, bucket in gone:
                connection.execute(delete(table).where(table.c.account == account, table.c.bucket == bucket))

    def lacking(self) -> dict[str, int]:
        """How many buckets lack what, for each of `KINDS`."""
        found = self.all()
        return {kind: sum(kind in one.missing for one in found) for kind in KINDS}
