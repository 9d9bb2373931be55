"""The columns of a segment: one list, from which the Arrow, Parquet and Iceberg schemas are made.

Names are those of CloudTrail Lake in lower case, so that history and the stores of the lake read alike.
Besides them stand what the journal knows (`position`, `arrivedat`, `account`, `region`, `category`), what
LookupEvents derives (`username`, `accesskeyid`, `lookupresources`; Lake keeps its own `resources`), and
`eventjson`, the evidence. The nested columns of Lake join at the end of the list when the lake is built:
a column, once published, keeps its place, for its Iceberg field ID is its place.

Times are microseconds since the epoch, UTC, in columns without a zone. `eventjson` holds the bytes of the
record as they came; they are UTF-8 because intake refuses others, but nothing here checks that again.
"""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    IcebergType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
)

FIELD_ID: Final = b"PARQUET:field_id"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type in Arrow and Iceberg, and how Parquet should hold it."""

    name: str
    arrow: pa.DataType
    iceberg: IcebergType
    required: bool = False
    dictionary: bool = False  # few distinct values: dictionary pages in the file
    statistics: bool = True  # smallest and largest value in the footer


def _text(name: str, *, required: bool = False, dictionary: bool = False, statistics: bool = True) -> Column:
    return Column(name, pa.string(), StringType(), required, dictionary, statistics)


def _time(name: str) -> Column:
    return Column(name, pa.timestamp("us"), TimestampType(), required=True)


_RESOURCE_FIELDS: Final = 3  # list element, type, name: they take the IDs after the top-level ones


def _resources(name: str, first_nested_id: int) -> Column:
    element, kind, label = (first_nested_id + offset for offset in range(_RESOURCE_FIELDS))
    arrow = pa.list_(
        pa.field(
            "element",
            pa.struct(
                [
                    pa.field("type", pa.string(), metadata={FIELD_ID: str(kind).encode()}),
                    pa.field("name", pa.string(), metadata={FIELD_ID: str(label).encode()}),
                ]
            ),
            metadata={FIELD_ID: str(element).encode()},
        )
    )
    entry = StructType(
        NestedField(kind, "type", StringType(), required=False),
        NestedField(label, "name", StringType(), required=False),
    )
    return Column(name, arrow, ListType(element, entry, element_required=False), statistics=False)


_TOP_LEVEL_COLUMNS: Final = 30

COLUMNS: Final[tuple[Column, ...]] = (
    Column("position", pa.int64(), LongType(), required=True),
    _time("arrivedat"),
    _time("eventtime"),
    _text("account", required=True, dictionary=True),
    _text("region", required=True, dictionary=True),
    _text("category", required=True, dictionary=True),
    _text("eventversion", dictionary=True),
    _text("eventid", required=True),
    _text("eventsource", dictionary=True),
    _text("eventname", dictionary=True),
    _text("awsregion", dictionary=True),
    _text("sourceipaddress", dictionary=True),
    _text("useragent", dictionary=True, statistics=False),
    _text("errorcode", dictionary=True, statistics=False),
    _text("errormessage", dictionary=True, statistics=False),
    _text("requestid", statistics=False),
    _text("eventtype", dictionary=True),
    _text("apiversion", dictionary=True),
    _text("recipientaccountid", dictionary=True),
    _text("sharedeventid", statistics=False),
    _text("vpcendpointid", dictionary=True),
    _text("eventcategory", dictionary=True),
    Column("readonly", pa.bool_(), BooleanType()),
    Column("managementevent", pa.bool_(), BooleanType()),
    _text("insighteventsource", dictionary=True),
    _text("insighteventname", dictionary=True),
    _text("username", dictionary=True),
    _text("accesskeyid", dictionary=True),
    _resources("lookupresources", _TOP_LEVEL_COLUMNS + 1),
    Column("eventjson", pa.large_string(), StringType(), required=True, statistics=False),
)
if len(COLUMNS) != _TOP_LEVEL_COLUMNS:
    raise AssertionError("a column was added: nested field IDs must begin after the top-level ones")

NAMES: Final = tuple(column.name for column in COLUMNS)
DICTIONARY_COLUMNS: Final = tuple(column.name for column in COLUMNS if column.dictionary)
EVIDENCE: Final = "eventjson"


def arrow_schema() -> pa.Schema:
    """The Arrow schema, with Iceberg's field IDs."""
    return pa.schema(
        pa.field(column.name, column.arrow, not column.required, {FIELD_ID: str(number).encode()})
        for number, column in enumerate(COLUMNS, start=1)
    )


def iceberg_schema() -> Schema:
    """The Iceberg schema; a column's field ID is its place in COLUMNS, counted from 1."""
    return Schema(
        *(
            NestedField(number, column.name, column.iceberg, required=column.required)
            for number, column in enumerate(COLUMNS, start=1)
        )
    )
