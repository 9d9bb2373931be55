"""Every situation of the table, through the real recorder."""

import pytest

from tests.recorder.identities.situations import SITUATIONS
from tests.recorder.identities.world import World


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_next_call_carries_the_whole_identity(people: World, name: str) -> None:
    signer, expected = SITUATIONS[name](people)
    found = people.identity(signer)
    assert found == expected
    assert list(found) == list(expected)  # in AWS's order
