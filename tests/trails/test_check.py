"""What waits to be delivered is proved whole, or named."""

import pytest

from opentrail.objects.bucket import AccessDenied
from opentrail.trails.check import check
from tests.trails.rig import Rig


@pytest.fixture
def waiting(rig: Rig) -> Rig:
    rig.trail(validation=True)
    rig.step()
    rig.clients.named("audit-bucket").refusing = AccessDenied()
    rig.happen(1)
    rig.pass_time(300)
    return rig


def test_files_that_wait_are_whole(waiting: Rig) -> None:
    found = check(waiting.engine, waiting.folder / "outbox")
    assert (found.waiting, found.problems) == (1, [])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "its file is not in the outbox"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "its file is no whole gzip"),
    ],
)
def test_what_is_not_whole_is_named(waiting: Rig, damage, said: str) -> None:
    [path] = waiting.outbox()
    damage(path)
    [problem] = check(waiting.engine, waiting.folder / "outbox").problems
    assert problem.startswith("AWSLogs/") and problem.endswith(said)
