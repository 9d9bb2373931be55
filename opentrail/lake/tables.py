"""The Iceberg table of an event data store: where it lies, what its columns are, how it is removed.

One SQLite catalog (`tables/lake.db`) holds the tables of all stores, in the namespace `lake`; a table's name is the
ID of its store. Columns are those of the store's SQL, in its order and with its names; behind them stands `position`,
the event's number in the journal, by which every event is there once. Field IDs are given in the order of the
columns, top-level ones first, then members from the left, each level before the next.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
)

from opentrail.catalog.event_data_stores import EventDataStore, Kind
from opentrail.lake.event_rows import POSITION
from opentrail.lake.sql.schemas import BY_CATEGORY, Columns
from opentrail.lake.sql.types import Type
from opentrail.segments.layout import TableLayout

CATALOG_FILE: Final = "lake.db"
NAMESPACE: Final = "lake"

_REQUIRED: Final = frozenset((POSITION, "eventtime", "eventjson"))
_PLAIN: Final[dict[str, IcebergType]] = {
    "varchar": StringType(),
    "boolean": BooleanType(),
    "integer": IntegerType(),
    "bigint": LongType(),
    "double": DoubleType(),
    "timestamp": TimestampType(),
}


def columns_of(kind: Kind) -> Columns:
    """The columns that SQL sees of a store of this kind."""
    return BY_CATEGORY["Management" if kind == "CloudTrail" else kind]


def layout_of(store: EventDataStore) -> TableLayout:
    """Where the table of a store lies, and what it looks like."""
    columns = columns_of(store.category)
    return TableLayout(
        CATALOG_FILE,
        NAMESPACE,
        store.id,
        lambda: iceberg_schema(columns),
        arrivals=False,
        indexed=False,
        properties={"opentrail.store": store.arn},
    )


def iceberg_schema(columns: Columns) -> Schema:
    """The table's schema: the columns of the store and `position`."""
    numbers = iter(range(len(columns) + 2, 10_000))
    fields = [
        NestedField(number, name, _iceberg(kind, numbers), required=name in _REQUIRED)
        for number, (name, kind) in enumerate(columns.items(), start=1)
    ]
    fields.append(NestedField(len(columns) + 1, POSITION, LongType(), required=True))
    return Schema(*fields)


def field_ids(columns: Columns) -> str:
    """The same field IDs as the engine wants to be told them when it writes a file."""
    return _as_struct(
        [(field.name, _told(field.field_id, field.field_type)) for field in iceberg_schema(columns).fields]
    )


def tables_folder(tables: Path) -> Path:
    """The folder that holds the tables of all stores."""
    return tables / NAMESPACE


def _iceberg(kind: Type, numbers: Iterator[int]) -> IcebergType:
    """The type, with the next free field IDs for what is nested in it."""
    if kind.kind == "row":
        own = [next(numbers) for _ in kind.names]
        return StructType(
            *(
                NestedField(number, name, _iceberg(inner, numbers), required=False)
                for number, name, inner in zip(own, kind.names, kind.inner, strict=True)
            )
        )
    if kind.kind == "array":
        return ListType(next(numbers), _iceberg(kind.inner[0], numbers), element_required=False)
    if kind.kind == "map":
        key, value = next(numbers), next(numbers)
        return MapType(
            key, _iceberg(kind.inner[0], numbers), value, _iceberg(kind.inner[1], numbers), value_required=False
        )
    return _PLAIN[kind.kind]


def _told(number: int, kind: Any) -> str:
    if isinstance(kind, StructType):
        members = [(field.name, _told(field.field_id, field.field_type)) for field in kind.fields]
    elif isinstance(kind, ListType):
        members = [("element", _told(kind.element_id, kind.element_type))]
    elif isinstance(kind, MapType):
        members = [("key", _told(kind.key_id, kind.key_type)), ("value", _told(kind.value_id, kind.value_type))]
    else:
        return str(number)
    return _as_struct([("__duckdb_field_id", str(number)), *members])


def _as_struct(members: list[tuple[str, str]]) -> str:
    return (
        "{"
        + ", ".join(f'"{name}": {told}' if name != "__duckdb_field_id" else f"{name}: {told}" for name, told in members)
        + "}"
    )
