"""Genuine calls made again: through the recorder, to an upstream that gives the answers of the genuine records."""

import collections
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.wire.service_models import service_model
from tests.fidelity.calls import Rebuilt, rebuilt
from tests.fidelity.comparison import differences
from tests.fidelity.genuine import Genuine, genuine_records
from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream

COMPARED = ("requestParameters", "responseElements")
EQUAL = ("eventSource", "eventName", "errorCode", "readOnly", "managementEvent", "eventCategory")


@dataclass
class Score:
    """What became of the calls of one service; differences by operation and field, and how many records have each."""

    calls: int = 0
    same: int = 0
    differing: "collections.Counter[tuple[str, str]]" = field(default_factory=collections.Counter)


class _Replay:
    def __init__(self, folder: Path) -> None:
        self._upstream = ScriptedUpstream()
        self._upstream.script = self._answer
        everything = Upstream("genuine", self._upstream.url, frozenset("*"))
        self._server = RecorderServer(folder, [everything]).start()
        self._call: Rebuilt | None = None
        self._read = 0

    async def _answer(self, arrived: Arrived) -> None:
        await arrived.body()
        call = self._call
        assert call is not None
        body = b"" if arrived.method == "HEAD" else call.answer
        await arrived.answer(call.status, body, *call.answer_headers.items())

    def record_of(self, genuine: Genuine) -> dict[str, Any]:
        """Our record of the same call."""
        self._call = call = rebuilt(genuine)
        signing_name = service_model(genuine.service).signing_name
        region = genuine.record["awsRegion"]
        self._server.call(call.method, call.path, call.body, service=signing_name, headers=call.headers, region=region)
        self._read += 1
        # A role of another account that was assumed leaves one more record, in that account.
        records = [record for record in self._server.records() if record["userIdentity"]["type"] != "AWSAccount"]
        assert len(records) == self._read
        return records[-1]

    def close(self) -> None:
        self._server.stop()
        self._upstream.close()


def scores(sample_data: Path, folder: Path) -> dict[str, Score]:
    """Every genuine call made again, by service."""
    found: dict[str, Score] = collections.defaultdict(Score)
    replay = _Replay(folder)
    try:
        for genuine in genuine_records(sample_data)[0]:
            score = found[genuine.service]
            differing = list(_differing(genuine.record, replay.record_of(genuine)))
            score.calls += 1
            score.same += not differing
            score.differing.update((genuine.operation.name, text) for text in differing)
    finally:
        replay.close()
    return dict(sorted(found.items()))


def _differing(genuine: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    found = []
    for name in EQUAL:
        if name in genuine and genuine[name] != ours.get(name):
            found.append(f"{name}: AWS has {genuine[name]}, we have {ours.get(name)}")
    if genuine.get("errorCode") is None and ours.get("errorCode") is not None:
        found.append(f"errorCode: AWS has none, we have {ours['errorCode']}")
    for name in COMPARED:
        theirs, mine = differences(genuine.get(name), ours.get(name))
        found += [f"{name}, AWS alone: {text}" for text in theirs]
        found += [f"{name}, ours alone: {text}" for text in mine]
    return found
