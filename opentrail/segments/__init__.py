"""Parquet files of events: schema, writer, index, hot tail, Iceberg table, compaction, retention."""
