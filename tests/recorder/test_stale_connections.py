"""A connection that its upstream was just closing: only what reads is sent again, and a call has one record."""

from typing import Any

import pytest

from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream


def closing(upstream: ScriptedUpstream) -> Any:
    """Closes without a word on every connection that has been used before."""
    used: set[int] = set()

    async def script(arrived: Arrived) -> None:
        if id(arrived.writer) in used:
            arrived.writer.close()
            raise ConnectionError
        used.add(id(arrived.writer))
        await arrived.body()
        await arrived.answer(200, b"")

    return script


@pytest.mark.parametrize(
    ("method", "path", "status", "times"),
    [
        ("GET", "/bucket/key", 200, 2),
        ("HEAD", "/bucket/key", 200, 2),
        ("DELETE", "/bucket/key", 502, 1),
        ("PUT", "/bucket/key", 502, 1),
        ("GET", "/?Action=CreateUser&UserName=dana&Version=2010-05-08", 502, 1),
    ],
)
def test_what_may_have_acted_is_never_sent_again(
    recorder: RecorderServer, upstream: ScriptedUpstream, method: str, path: str, status: int, times: int
) -> None:
    upstream.script = closing(upstream)
    service = "iam" if "Action" in path else "s3"
    assert (
        recorder.call(
            "GET", "/?Action=ListUsers&Version=2010-05-08" if service == "iam" else "/bucket/first", service=service
        )[0]
        == 200
    )
    before = len(upstream.arrived)
    assert recorder.call(method, path, service=service)[0] == status
    assert len(upstream.arrived) - before == times
    record = recorder.record(2)
    assert ("errorCode" in record) == (status == 502)
