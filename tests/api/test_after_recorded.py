"""Operations that take effect with their own record: the record is durable first, and tells of a call that was made."""

from typing import Any

import pytest

from opentrail.api import CloudTrailApi
from opentrail.api.call import Asked, Room
from opentrail.errors import ClientError, OpenTrailError
from tests.api.conftest import ACCOUNT, Server
from tests.wire.boto_requests import capture, client


class Refused(ClientError):
    """Not now."""

    code = "ConflictException"


def stopping(server: Server, guarantee: str, room: Room) -> CloudTrailApi:
    return CloudTrailApi(
        server.keys,
        server.intake,
        server.clock,
        server.history.lookup,
        {"StopLogging": room},
        token_key=b"t" * 32,
        home_account=ACCOUNT,
        guarantee=guarantee,  # type: ignore[arg-type]
    )


def stop(server: Server, guarantee: str, room: Room) -> int:
    server.api.close()
    server.api = stopping(server, guarantee, room)
    return server.send(capture(client("cloudtrail"), "stop_logging", Name="audit")).status


@pytest.mark.parametrize("guarantee", ["durable", "write-ahead", "async"])
def test_the_second_half_finds_the_record_in_the_journal(server: Server, guarantee: str) -> None:
    found: list[Any] = []

    def finish(asked: Asked, position: int) -> None:
        records = server.records()
        found.append((asked.parameters["Name"], position, records[position - 1]["eventName"]))

    assert stop(server, guarantee, Room(lambda asked: {}, after_recorded=finish)) == 200
    assert found == [("audit", 1, "StopLogging")]


def test_a_call_that_is_refused_has_no_second_half(server: Server) -> None:
    found: list[int] = []

    def refuse(asked: Asked) -> dict[str, Any]:
        raise Refused

    assert stop(server, "durable", Room(refuse, after_recorded=lambda asked, position: found.append(position))) == 400
    assert found == []
    assert server.records()[0]["errorCode"] == "ConflictException"


@pytest.mark.parametrize(("failure", "status"), [(Refused(), 400), (OpenTrailError("x"), 500), (KeyError("x"), 500)])
def test_a_second_half_that_fails_is_told(server: Server, failure: Exception, status: int) -> None:
    def fail(asked: Asked, position: int) -> None:
        raise failure

    assert stop(server, "durable", Room(lambda asked: {}, after_recorded=fail)) == status
    assert "errorCode" not in server.records()[0]
