"""The recorder between botocore's clients and an upstream in the same process that answers everything."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.tokens import FrozenAuthToken

from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.wire.service_models import available_services, service_model
from opentrail.wire.service_names import BEARER_SERVICES
from tests.recorder.every_operation.expectation import expected_name, expected_parameters, expected_source
from tests.recorder.every_operation.groups import as_decided
from tests.recorder.every_operation.sending import Clients, Sent, Unsendable
from tests.recorder.every_operation.values import Values
from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream, eventually

PROTOCOLS = {"smithy-rpc-v2-cbor", "json", "query", "ec2", "rest-json", "rest-xml"}


@dataclass
class Failure:
    """One call whose record is not what it should be."""

    sent: str
    what: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.sent}: {self.what}\n    expected {self.expected!r}\n    found    {self.found!r}"


class _Token:
    def load_token(self, **_: Any) -> FrozenAuthToken:
        return FrozenAuthToken("bearer-token")


async def _answer(arrived: Arrived) -> None:
    """Something empty that parses in most protocols; what the answer says is no part of these tests."""
    await arrived.body()
    await arrived.answer(200, b"", ("x-amzn-requestid", "r"))


class Everything:
    """Sends calls and judges their records."""

    def __init__(self, folder: Path) -> None:
        self.upstream = ScriptedUpstream()
        self.upstream.script = _answer
        url = self.upstream.url
        self.recorder = RecorderServer(
            folder,
            [
                Upstream("s3", url, frozenset({"s3"}), "resign", "upstream-key", "upstream-secret"),
                Upstream("bearer", url, frozenset({"codecatalyst", "account-access-runtime"}), verify="upstream"),
                Upstream("rest", url, frozenset({"*"}), account_header="x-moto-account-id"),
            ],
            {"guarantee": "async"},
        ).start()
        self.clients = Clients(self.recorder.port)
        self.clients._session.register_component("token_provider", _Token())
        self._position = 0
        self._numbers = itertools.count()

    def close(self) -> None:
        self.clients.close()
        self.upstream.close()
        self.recorder.stop()

    def judge(
        self, service: str, operations: list[str], seed: str, *, virtual: bool = False
    ) -> tuple[int, list[Failure]]:
        """Send these operations in each of the service's protocols; how many were sent, and what went wrong."""
        model = service_model(service)
        listed = [name for name in model.metadata.get("protocols") or [model.metadata["protocol"]] if name in PROTOCOLS]
        calls: dict[str, Sent] = {}  # by their user agent
        failures: list[Failure] = []
        for prefixes in (True, False):
            half = [name for index, name in enumerate(operations) if (index % 2 == 0) == prefixes]
            if not half:
                continue
            client = self.clients.client(service, prefixes=prefixes, virtual=virtual)
            try:
                for protocol in listed:
                    for name in half:
                        calls |= self._send(client, name, protocol, seed, failures)
            finally:
                client.close()
        records = self._records(calls)
        for agent, sent in calls.items():
            failures += _compare(sent, records.get(agent))
        return len(calls), failures

    def _send(self, client: Any, name: str, protocol: str, seed: str, failures: list[Failure]) -> dict[str, Sent]:
        service = client.meta.service_model.service_name
        operation = client.meta.service_model.operation_model(name)
        values = Values(f"{seed}/{service}/{name}/{protocol}", service, protocol)
        parameters = values.input(operation)
        try:
            sent = self.clients.sign(client, name, parameters, protocol)
        except Unsendable as refusal:
            failures.append(Failure(f"{service}.{name}[{protocol}]", "not sent", str(refusal), parameters))
            return {}
        agent = f"call-{next(self._numbers)}"
        self.clients.send(sent, agent)
        if sent.status >= 300:
            failures.append(Failure(sent.name, f"answered {sent.status}", "200", sent.answer[:300]))
        return {agent: sent}

    def _records(self, calls: dict[str, Sent]) -> dict[str, dict[str, Any]]:
        """The records since the last time, by their user agent."""
        found: dict[str, dict[str, Any]] = {}

        def read() -> bool:
            for batch in self.recorder.journal.read(self._position, 100_000):
                self._position = batch.first + len(batch.entries.bodies) - 1
                for body in batch.entries.bodies:
                    record = json.loads(body)
                    if record["eventType"] == "AwsApiCall":
                        found[record["userAgent"].strip("[]")] = record
            return calls.keys() <= found.keys()

        with contextlib.suppress(AssertionError):
            eventually(read, 30.0)
        return found


def _compare(sent: Sent, record: dict[str, Any] | None) -> Iterator[Failure]:
    if record is None:
        yield Failure(sent.name, "no record", "a record", None)
        return
    call = as_decided(sent)
    expected: list[tuple[str, Callable[[], Any]]] = [
        ("eventSource", lambda: expected_source(call)),
        ("eventName", lambda: expected_name(call.service, call.operation.name)),
        ("requestParameters", lambda: expected_parameters(call)),
    ]
    for name, make in expected:
        value = make()
        if record.get(name) != value:
            yield Failure(sent.name, name, value, record.get(name))


def services() -> list[str]:
    return sorted(available_services())


__all__ = ["BEARER_SERVICES", "Everything", "Failure", "services"]
