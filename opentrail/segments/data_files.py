"""What manifests say of a new Parquet file: its size, its rows, the bounds of the columns that readers go by.

As pyiceberg works it out, but for what is the same for all files of a table: which columns are looked at, and whether
the columns of files are those of the table, which is asked once for each form that files have.
"""

from pathlib import Path

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_file_to_data_file,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table.metadata import TableMetadata

from opentrail.segments.file_io import DurableFileIO, location_of


class DataFiles:
    """Describes the new files of one table, whose schema and properties of metrics stay as they are in `metadata`."""

    def __init__(self, io: DurableFileIO, metadata: TableMetadata) -> None:
        schema = metadata.schema()
        self._io = io
        self._metadata = metadata
        self._columns = compute_statistics_plan(schema, metadata.properties)
        self._field_ids = parquet_path_to_id_mapping(schema)
        self._fitting: pq.ParquetSchema | None = None  # of the last file that was found to have the table's columns

    def describe(self, path: Path) -> DataFile:
        """Raises ValueError where the file's columns are not the table's."""
        found = pq.read_metadata(path)
        if self._fitting is None or not found.schema.equals(self._fitting):
            described = parquet_file_to_data_file(self._io, self._metadata, location_of(path))
            self._fitting = found.schema
            return described
        statistics = data_file_statistics_from_parquet_metadata(found, self._columns, self._field_ids)
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=location_of(path),
            file_format=FileFormat.PARQUET,
            partition=statistics.partition(self._metadata.spec(), self._metadata.schema()),
            file_size_in_bytes=path.stat().st_size,
            sort_order_id=None,
            spec_id=self._metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )
