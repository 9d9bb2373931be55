"""What the recorder saw change at upstreams, as numbers that every process reads; and who made which bucket."""

import sqlite3

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.access_tables import bucket_owners, upstream_changes
from opentrail.catalog.database import READING, CatalogUnreadable


class UpstreamChanges:
    """Numbers by subject (`iam`, `s3`, `organizations`), one more with each change. Safe from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def number(self, subject: str) -> int:
        """The subject's number; asked before every decision, so by plain SQL."""
        with self._engine.connect().execution_options(**READING) as connection:
            try:
                question = "SELECT number FROM upstream_changes WHERE subject = ?"
                row = connection.exec_driver_sql(question, (subject,)).one_or_none()
            except sqlite3.Error as fault:
                raise CatalogUnreadable from fault
        return int(row[0]) if row is not None else 0

    def note(self, subject: str) -> None:
        """Something of the subject has changed: what was remembered of it holds no more. Durable on return."""
        row = insert(upstream_changes).values(subject=subject, number=1)
        with self._engine.begin() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["subject"], set_={"number": upstream_changes.c.number + 1})
            )


class BucketOwners:
    """Whose buckets are, where one S3 holds those of several accounts. Safe from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, bucket: str) -> str | None:
        """The account that made the bucket; None where nobody saw it."""
        with self._engine.connect().execution_options(**READING) as connection:
            question = select(bucket_owners.c.account).where(bucket_owners.c.bucket == bucket)
            return connection.execute(question).scalar_one_or_none()

    def all(self) -> dict[str, str]:
        """All buckets that are known, with their accounts."""
        with self._engine.connect().execution_options(**READING) as connection:
            rows = connection.execute(select(bucket_owners.c.bucket, bucket_owners.c.account))
            return {row.bucket: row.account for row in rows}

    def keep(self, bucket: str, account: str) -> None:
        """`account` made it; who made it first keeps it. Durable on return."""
        row = insert(bucket_owners).values(bucket=bucket, account=account)
        with self._engine.begin() as connection:
            connection.execute(row.on_conflict_do_nothing())

    def forget(self, bucket: str) -> None:
        """It is no more. Durable on return."""
        with self._engine.begin() as connection:
            connection.execute(delete(bucket_owners).where(bucket_owners.c.bucket == bucket))
