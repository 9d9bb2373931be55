"""Where a table of events lies in a tables folder, and what its files and manifests look like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyiceberg.schema import Schema

from opentrail.segments.schema import iceberg_schema


@dataclass(frozen=True)
class TableLayout:
    """One table: `FOLDER/namespace/name` below the tables folder, named in the SQLite catalog `catalog_file` there.

    Its schema has the columns `position` and `eventtime`, and `arrivedat` where `arrivals`. Manifests keep the bounds
    of these alone: they are what retention, compaction and readers go by; others would only make manifests long.
    """

    catalog_file: str
    namespace: str
    name: str
    schema: Callable[[], Schema]
    arrivals: bool = True
    indexed: bool = True  # an index lies beside each file
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def bounded(self) -> tuple[str, ...]:
        """The columns of which manifests keep the bounds."""
        return ("position", "eventtime", "arrivedat") if self.arrivals else ("position", "eventtime")

    def folder(self, tables: Path) -> Path:
        """The table's own folder."""
        return tables / self.namespace / self.name


HISTORY = TableLayout("iceberg.db", "history", "events", iceberg_schema)
