"""A server before an upstream that counts: what reached the upstream, and what the journal says of it."""

import socket
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from opentrail.clock import SystemClock
from opentrail.journal import Journal
from tests.acceptance.program import Program, free_port
from tests.recorder.rig import KEY, SECRET, Arrived, ScriptedUpstream, signed_headers


@dataclass
class HeldProgram(Program):
    """`opentrail serve` before a scripted upstream, held at a stage of its calls."""

    stage: str = "none"
    marks: Path = Path()

    def _command(self) -> list[str]:
        before = [sys.executable, "-m", "tests.acceptance.held_program", self.stage, str(self.marks)]
        return [*before, *super()._command()[3:]]

    def held(self) -> int:
        """Calls that are held."""
        return self.marks.stat().st_size if self.marks.exists() else 0


class CountedServer:
    """A data folder, the upstream that counts, and programs that run over it one after the other."""

    def __init__(
        self, folder: Path, upstream: ScriptedUpstream, guarantee: str = "write-ahead", workers: int = 1
    ) -> None:
        self.folder = folder
        self.upstream = upstream
        self.guarantee = guarantee
        self.workers = workers
        self.expected: dict[str, str] = {}  # what the records have to say of a key
        self._runs = 0

    def start(self, stage: str = "none") -> HeldProgram:
        self._runs += 1
        port, console_port = free_port(), free_port()
        config = self.folder / "opentrail.toml"
        config.write_text(
            f'[server]\nport = {port}\nconsole_port = {console_port}\nguarantee = "{self.guarantee}"\n'
            f"workers = {self.workers}\n"
            f'[[upstream]]\nname = "store"\nurl = "{self.upstream.url}"\nservices = ["s3"]\n'
            'access_key_id = "upstream"\nsecret_access_key = "upstream"\n'
            f'[[principal]]\naccess_key_id = "{KEY}"\nsecret_access_key = "{SECRET}"\n'
        )
        program = HeldProgram(
            self.folder / "data", (), config, port, console_port, stage=stage, marks=self.folder / f"{self._runs}.held"
        )
        program.start()
        return program

    def arrived(self) -> list[str]:
        """Keys of the calls that reached the upstream."""
        return [arrived.target.rpartition("/")[2] for arrived in self.upstream.arrived]

    def intents(self) -> list[bytes]:
        with Journal.open(self.folder / "data" / "journal", SystemClock(), read_only=True) as journal:
            return [intent.body for intent in journal.intents()]

    def announced_by(self) -> dict[str, dict[str, str]]:
        """What the intents would say that are there, by the run of the process that announced them and by key."""
        found: dict[str, dict[str, str]] = {}
        connection = sqlite3.connect(f"file:{self.folder}/data/journal/journal.db?mode=ro", uri=True)
        for writer, body in connection.execute("SELECT writer, body FROM intents"):
            record = msgspec.json.decode(body)
            found.setdefault(writer, {})[record["requestParameters"]["key"]] = _says(record)
        connection.close()
        return found

    def told(self) -> dict[str, list[str]]:
        """What the records say, by key: `done`, `unknown` or `interrupted` for each."""
        found: dict[str, list[str]] = {}
        with Journal.open(self.folder / "data" / "journal", SystemClock(), read_only=True) as journal:
            position = 0
            while batches := journal.read(position, 10_000):
                position = batches.through
                for record in (msgspec.json.decode(body) for batch in batches for body in batch.entries.bodies):
                    key = (record.get("requestParameters") or {}).get("key")
                    if key is not None:
                        found.setdefault(key, []).append(_says(record))
        return found


def _says(record: dict[str, Any]) -> str:
    more = record.get("additionalEventData") or {}
    if "errorCode" in record:
        return str(record["errorCode"])
    if more.get("outcome") == "unknown":
        assert record["responseElements"] is None and "requestID" not in record
        return "unknown"
    return "interrupted" if more.get("answerInterrupted") else "done"


def send_call(program: Program, method: str, key: str) -> socket.socket:
    body = b"bytes" if method == "PUT" else b""
    headers = signed_headers(method, f"{program.endpoint}/bucket/{key}", body)
    lines = [f"{method} /bucket/{key} HTTP/1.1", f"Host: 127.0.0.1:{program.port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    client = socket.create_connection(("127.0.0.1", program.port), timeout=20)
    client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return client


async def at_once(arrived: Arrived) -> None:
    await arrived.drop_body()
    await arrived.answer(200)
