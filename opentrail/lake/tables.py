"""The Iceberg table of an event data store: where it lies, what its columns are, how it is removed.

One SQLite catalog (`tables/lake.db`) holds the tables of all stores, in the namespace `lake`; a table's name is the
ID of its store. Columns are those of the store's SQL, in its order and with its names, but for `eventjsonchecksum`;
behind them stands `position`, the event's number in the journal, by which every event is there once. Field IDs are
given in the order of the columns, top-level ones first, then members from the left, each level before the next.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
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
from opentrail.lake.sql.types import Type, quoted
from opentrail.segments.layout import TableLayout

CATALOG_FILE: Final = "lake.db"
NAMESPACE: Final = "lake"

_CHECKSUM: Final = "eventjsonchecksum"
_STORED: Final[dict[str, Columns]] = {}
_NO_PROPERTIES: Final[Mapping[str, str]] = MappingProxyType({})
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


def stored_columns(kind: Kind) -> Columns:
    """The columns that its files have: those of SQL, but for the checksum, which is worked out when it is asked for.

    It would be a sixth of every file, and a third of the work of making one.
    """
    columns = columns_of(kind)
    if _CHECKSUM not in columns:
        return columns
    return _STORED.setdefault(kind, {name: column for name, column in columns.items() if name != _CHECKSUM})


def select_list(kind: Kind) -> str:
    """The columns that SQL sees, out of those that files have."""
    return ", ".join(
        f"to_base64(unhex(sha256(eventjson))) AS {_CHECKSUM}" if name == _CHECKSUM else quoted(name)
        for name in columns_of(kind)
    )


def layout_of(store: EventDataStore) -> TableLayout:
    """Where the table of a store lies, and what it looks like."""
    return layout_named(store.id, store.category, {"opentrail.store": store.arn})


def layout_named(
    store_id: str, kind: Kind = "CloudTrail", properties: Mapping[str, str] = _NO_PROPERTIES
) -> TableLayout:
    """As `layout_of`, of a store whose value is not known."""
    columns = stored_columns(kind)
    return TableLayout(
        CATALOG_FILE,
        NAMESPACE,
        store_id,
        lambda: iceberg_schema(columns),
        arrivals=False,
        indexed=False,
        properties=properties,
    )


def iceberg_schema(columns: Columns) -> Schema:
    """The table's schema: the columns of the store and `position`."""
    numbers = iter(range(len(columns) + 2, 10_000))
    fields = [
        NestedField(number, name, _iceberg(kind, numbers), required=False)
        for number, (name, kind) in enumerate(columns.items(), start=1)
    ]
    fields.append(NestedField(len(columns) + 1, POSITION, LongType(), required=False))
    return Schema(*fields)


def arrow_schema(columns: Columns) -> pa.Schema:
    """The same schema with the same field IDs, as new files are written by it."""
    return schema_to_pyarrow(iceberg_schema(columns))


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
