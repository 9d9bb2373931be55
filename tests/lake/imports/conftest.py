"""A room for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lake.imports.import_room import ImportRoom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ImportRoom]:
    room = ImportRoom(tmp_path)
    yield room
    room.close()
