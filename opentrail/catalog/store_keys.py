"""Whether CloudTrail can use the KMS keys of event data stores, as it was last asked: worker and metrics share it."""

from collections.abc import Mapping

from sqlalchemy import Engine, delete, insert, select

from opentrail.catalog.database import READING
from opentrail.catalog.tables import store_keys


class StoreKeyAnswers:
    """All stores with a key that was asked about. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, str | None]:
        """By store: why its key cannot be used; None where it can."""
        with self._engine.connect().execution_options(**READING) as connection:
            return {row.store_id: row.fault for row in connection.execute(select(store_keys))}

    def replace(self, answers: Mapping[str, str | None]) -> None:
        """Keep these answers and no others, durable on return."""
        rows = [{"store_id": store_id, "fault": fault} for store_id, fault in answers.items()]
        with self._engine.begin() as connection:
            connection.execute(delete(store_keys))
            if rows:
                connection.execute(insert(store_keys), rows)

    def count_refused(self) -> int:
        """How many stores neither take events nor answer queries, because of their key."""
        return sum(fault is not None for fault in self.all().values())
