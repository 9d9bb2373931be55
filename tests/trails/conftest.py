"""Fixtures of the tests of delivery."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.catalog.database import open_catalog
from opentrail.clock import SettableClock
from tests.trails.rig import Rig


@pytest.fixture(scope="session")
def new_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog that was just made: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("catalog")
    open_catalog(folder).dispose()
    return folder


@pytest.fixture(autouse=True)
def _catalog(tmp_path: Path, new_catalog: Path) -> None:
    shutil.copytree(new_catalog, tmp_path / "catalog")


@pytest.fixture
def rig(tmp_path: Path, clock: SettableClock) -> Iterator[Rig]:
    rig = Rig(tmp_path, clock)
    yield rig
    rig.close()
