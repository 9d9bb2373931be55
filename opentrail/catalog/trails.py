"""Trails and their versions: each change of a trail is a new version that judges events from a journal position on.

A row of `trails` is one trail from its creation until delivery has closed it; another trail of the same name gets a row
of its own. A row of `trail_versions` is what the trail was: version 1 from its creation on, each later one from
`from_position` on. The last version of a deleted trail says so.
"""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, bindparam, delete, func, insert, select, update

from opentrail.catalog.database import READING
from opentrail.catalog.event_selectors import DEFAULT_SELECTORS, Aggregation, InsightSelector, Selectors
from opentrail.catalog.tables import trail_versions, trails
from opentrail.catalog.tags import Tag, drop_tags, write_tags
from opentrail.catalog.versions import ChangedMeanwhile, unless_taken
from opentrail.errors import ClientError


class Trail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trail as its owner set it up. Times in microseconds since the epoch."""

    arn: str
    name: str
    account: str  # in an organization the management account
    home_region: str
    bucket: str
    prefix: str = ""
    sns_topic_arn: str | None = None
    sns_topic_name: str | None = None  # as its owner wrote it: a name, or the ARN
    include_global: bool = True
    multi_region: bool = False
    validation: bool = False
    log_group_arn: str | None = None
    role_arn: str | None = None
    kms_key_arn: str | None = None
    organization_id: str | None = None  # set for organization trails
    members: tuple[str, ...] | None = None  # accounts of the organization that it covers; None: as the settings say
    recursive_logging: bool = True
    selectors: Selectors = DEFAULT_SELECTORS
    insight_selectors: tuple[InsightSelector, ...] = ()
    aggregations: tuple[Aggregation, ...] = ()
    logging: bool = False
    created_at_us: int = 0
    started_at_us: int | None = None  # the last start
    stopped_at_us: int | None = None  # the last stop; stays when logging starts again


class TrailVersion(msgspec.Struct, frozen=True):
    """What a trail was for the events at positions greater than `from_position`, until its next version."""

    trail_id: int  # the row's, unlike the ARN never used again
    version: int  # from 1
    from_position: int
    deleted: bool
    trail: Trail


class NameTaken(ClientError):
    """The account has a trail of that name in that Region already."""

    code = "TrailAlreadyExistsException"


class Trails:
    """All trails of a data folder. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, trail: Trail, from_position: int, tags: Sequence[Tag] = ()) -> TrailVersion:
        """A new trail with its tags, durable on return. Raises NameTaken."""
        with self._engine.begin() as connection:
            row = insert(trails).values(account=trail.account, region=trail.home_region, name=trail.name)
            row = row.values(arn=trail.arn, deleted=False)
            with unless_taken(NameTaken):
                trail_id = connection.execute(row.returning(trails.c.id)).scalar_one()
            write_tags(connection, trail.arn, tags)
            return _add(connection, TrailVersion(trail_id, 1, from_position, False, trail))

    def replace(self, before: TrailVersion, trail: Trail, from_position: int) -> TrailVersion:
        """The next version of a trail, durable on return. Raises ChangedMeanwhile where `before` is not the newest."""
        with self._engine.begin() as connection:
            _require_newest(connection, before)
            version = TrailVersion(before.trail_id, before.version + 1, from_position, False, trail)
            return _add(connection, version)

    def delete(self, before: TrailVersion, trail: Trail, from_position: int) -> TrailVersion:
        """The last version of a trail; its name is free and its tags are gone on return, durably.

        Raises ChangedMeanwhile where `before` is not the newest version.
        """
        with self._engine.begin() as connection:
            _require_newest(connection, before)
            connection.execute(update(trails).where(trails.c.id == before.trail_id).values(deleted=True))
            drop_tags(connection, trail.arn)
            return _add(connection, TrailVersion(before.trail_id, before.version + 1, from_position, True, trail))

    def find(self, arn: str) -> TrailVersion | None:
        """The newest version of the trail that has this ARN now."""
        found = self._read(_newest().where(trails.c.arn == arn))
        return found[0] if found else None

    def of_account(self, account: str) -> list[TrailVersion]:
        """The newest versions of the account's own trails, in all Regions, by Region and name."""
        by_name = (trails.c.region, trails.c.name)
        return self._read(_newest().where(trails.c.account == account).order_by(*by_name))

    def of_organizations(self) -> list[TrailVersion]:
        """The newest versions of all trails of organizations."""
        return [version for version in self._read(_newest()) if version.trail.organization_id is not None]

    def newest_change(self) -> int:
        """A number that is another one after each change of any trail; cheap enough to be asked many times a second."""
        with self._engine.connect().execution_options(**READING) as connection:
            return connection.execute(select(func.max(trail_versions.c.number))).scalar_one() or 0

    def all_versions(self) -> list[TrailVersion]:
        """Every version that is kept, of trails that live and of deleted ones not yet closed, oldest first."""
        return self._read(_VERSIONS.order_by(trail_versions.c.trail_id, trail_versions.c.version))

    def forget_versions(self, trail_id: int, numbers: Collection[int]) -> None:
        """Drop these versions, which judge no event any more; never the newest one."""
        newest = select(func.max(trail_versions.c.version)).where(trail_versions.c.trail_id == trail_id)
        with self._engine.begin() as connection:
            connection.execute(
                delete(trail_versions)
                .where(trail_versions.c.trail_id == trail_id, trail_versions.c.version == bindparam("number"))
                .where(trail_versions.c.version < newest.scalar_subquery()),
                [{"number": number} for number in numbers],
            )

    def close(self, trail_id: int) -> None:
        """Drop what is left of a deleted trail, once delivery has done its last file and digest."""
        with self._engine.begin() as connection:
            connection.execute(delete(trails).where(trails.c.id == trail_id, trails.c.deleted))

    def _read(self, question: Select[Any]) -> list[TrailVersion]:
        with self._engine.connect().execution_options(**READING) as connection:
            return [_version(row) for row in connection.execute(question)]


_VERSIONS = select(
    trail_versions.c.trail_id,
    trail_versions.c.version,
    trail_versions.c.from_position,
    trail_versions.c.deleted,
    trail_versions.c.trail,
)
_decode = msgspec.json.Decoder(Trail).decode
_encode = msgspec.json.Encoder().encode


def _newest() -> Select[Any]:
    """The newest versions of trails that are not deleted."""
    later = trail_versions.alias("later")
    newest = select(func.max(later.c.version)).where(later.c.trail_id == trails.c.id).scalar_subquery()
    joined = _VERSIONS.join(trails, trails.c.id == trail_versions.c.trail_id)
    return joined.where(~trails.c.deleted, trail_versions.c.version == newest)


def _version(row: Row[Any]) -> TrailVersion:
    return TrailVersion(row.trail_id, row.version, row.from_position, row.deleted, _decode(row.trail))


def _require_newest(connection: Connection, version: TrailVersion) -> None:
    newest = select(trail_versions.c.version, trail_versions.c.deleted)
    newest = newest.where(trail_versions.c.trail_id == version.trail_id).order_by(trail_versions.c.version.desc())
    row = connection.execute(newest.limit(1)).one_or_none()
    if row is None or row.version != version.version or row.deleted:
        raise ChangedMeanwhile


def _add(connection: Connection, version: TrailVersion) -> TrailVersion:
    connection.execute(
        insert(trail_versions).values(
            trail_id=version.trail_id,
            version=version.version,
            from_position=version.from_position,
            deleted=version.deleted,
            trail=_encode(version.trail),
        )
    )
    return version
