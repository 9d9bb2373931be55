"""Genuine records for the tests of this package."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sample_records(sample_data: Path) -> dict[str, list[bytes]]:
    """The raw records by the name of their file."""
    return {path.stem: path.read_bytes().splitlines() for path in sorted((sample_data / "records").glob("*.jsonl"))}


@pytest.fixture(scope="session")
def all_records(sample_records: dict[str, list[bytes]]) -> list[bytes]:
    """All raw records, 4,227 of them."""
    return [raw for raws in sample_records.values() for raw in raws]
