"""One world for all tests of identities."""

from collections.abc import Iterator

import pytest

from tests.recorder.identities.world import World, world


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    pytest.importorskip("moto")
    with world(tmp_path_factory.mktemp("identities")) as made:
        yield made
