"""Policies of event data stores, channels and dashboards, as their owners wrote them, by the resource's ARN."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.access_tables import resource_policies
from opentrail.catalog.database import READING


class ResourcePolicies:
    """The policies of all resources of a data folder. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine, now_us: Callable[[], int]) -> None:
        self._engine = engine
        self._now_us = now_us

    def of(self, arn: str) -> str | None:
        """The document of one resource, None where it has none."""
        question = select(resource_policies.c.policy).where(resource_policies.c.arn == arn)
        with self._engine.connect().execution_options(**READING) as connection:
            return connection.execute(question).scalar_one_or_none()

    def put(self, arn: str, policy: str) -> None:
        """Set the policy of a resource, whatever it was before. Durable on return."""
        row = insert(resource_policies).values(arn=arn, policy=policy, updated_at=self._now_us())
        changed = {name: row.excluded[name] for name in ("policy", "updated_at")}
        with self._engine.begin() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["arn"], set_=changed))

    def remove(self, arn: str) -> bool:
        """Take the policy of a resource away, durable on return; False where it had none."""
        with self._engine.begin() as connection:
            return drop_resource_policy(connection, arn)


def drop_resource_policy(connection: Connection, arn: str) -> bool:
    """Take it away as a part of a larger transaction: that in which the resource itself goes."""
    return connection.execute(delete(resource_policies).where(resource_policies.c.arn == arn)).rowcount > 0
