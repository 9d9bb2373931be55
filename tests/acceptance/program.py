"""The real program as a child process, and real AWS clients for it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from opentrail.server.ports.listening import free_ports

ACCOUNT = "123456789012"
REGION = "us-east-1"
START_SECONDS = 60.0


def free_port() -> int:
    """A loopback port that nobody listens on."""
    return free_ports(1)[0]


@dataclass
class Program:
    """`opentrail up`, or `serve` with `config`, on free ports; `start` returns when it has said that it is ready."""

    data_dir: Path
    options: tuple[str, ...] = ()
    config: Path | None = None  # has to name the two ports
    port: int = field(default_factory=free_port)
    console_port: int = field(default_factory=free_port)
    confine: Callable[[], None] | None = None  # done in the child before it runs the program
    interpreter: str = sys.executable
    process: "subprocess.Popen[str] | None" = None
    output: list[str] = field(default_factory=list)

    def start(self) -> "Program":
        self.process = subprocess.Popen(
            self._command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=self.confine
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, ready), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not ready.wait(0.05):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("did not come up:\n" + "".join(self.output[-40:]))
        return self

    def _command(self) -> list[str]:
        command = [self.interpreter, "-m", "opentrail"]
        if self.config is not None:
            return [*command, "serve", "--config", str(self.config), "--data-dir", str(self.data_dir), *self.options]
        command += ["up", "--data-dir", str(self.data_dir), "--port", str(self.port)]
        return [*command, "--console-port", str(self.console_port), *self.options]

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)
                if line.startswith("ready:"):
                    ready.set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, key: str = "test", secret: str = "test", **more: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=more.pop("endpoint_url", self.endpoint),
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name=more.pop("region_name", REGION),
            config=Config(retries={"max_attempts": 1}, **more.pop("config", {})),
            **more,
        )

    def environment(self, key: str = "test", secret: str = "test") -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }

    def aws(self, *arguments: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """The real AWS CLI."""
        command = [str(Path(sys.executable).parent / "aws"), *arguments, "--output", "json"]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=timeout, check=False
        )

    def opentrail(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command of ours on the same data, with the AWS settings of a client."""
        return opentrail(*arguments, "--data-dir", str(self.data_dir), environment=self.environment())

    def events(self, *arguments: str) -> list[dict[str, Any]]:
        """`opentrail events --json`, read."""
        done = self.opentrail("events", "--json", "--limit", "0", *arguments)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def lookup(self, **members: Any) -> list[dict[str, Any]]:
        """All pages of LookupEvents."""
        pages = self.client("cloudtrail").get_paginator("lookup_events").paginate(**members)
        return [event for page in pages for event in page["Events"]]

    def get(self, path: str) -> tuple[int, str]:
        """A page of the console's port."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.console_port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(40)
        self._reader.join(5)
        return status

    def kill(self) -> None:
        """kill -9 of the parent alone; what it started must go by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self._reader.join(5)


def opentrail(*arguments: str, environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """One command of the real program."""
    command = [sys.executable, "-m", "opentrail", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def eventually(look: Any, *, seconds: float) -> Any:
    """What `look` returns once it is true; the last value when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
