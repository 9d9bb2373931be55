"""`opentrail.record(session)` in a program of its own, against the real server, which may be killed meanwhile."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program, eventually

pytestmark = pytest.mark.acceptance

CALLER = """
import sys, time, boto3, opentrail
cloud, count, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
session = boto3.Session("AKIAEXAMPLE000000001", "secret-of-the-cloud", region_name="eu-west-1")
recording = opentrail.record(session)
client = session.client("sqs", endpoint_url=cloud)
for number in range(count):
    client.create_queue(QueueName=f"queue-{number}")
    print(number, flush=True)
    time.sleep(pause)
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _caller(program: Program, cloud: str, count: int, pause: float = 0.0) -> "subprocess.Popen[str]":
    told = {
        **program.environment(),
        "OPENTRAIL_ENDPOINT": program.endpoint,
        "OPENTRAIL_ACCESS_KEY_ID": "test",
        "OPENTRAIL_SECRET_ACCESS_KEY": "test",
    }
    del told["AWS_ENDPOINT_URL"]
    return subprocess.Popen(
        [sys.executable, "-c", CALLER, cloud, str(count), str(pause)],
        env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_program_s_calls_are_in_the_history_when_it_has_ended(program: Program, moto: str) -> None:
    program.start()
    caller = _caller(program, moto, 20)
    output, errors = caller.communicate(timeout=60)
    assert caller.returncode == 0, errors
    assert len(output.splitlines()) == 20
    found = program.lookup(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}])
    assert found == [], "another Region"
    events = program.events("--event-name", "CreateQueue", "--all-regions")
    assert {event["requestParameters"]["queueName"] for event in events} == {f"queue-{n}" for n in range(20)}
    for event in events:
        assert event["sourceIPAddress"] == "127.0.0.1" and event["awsRegion"] == "eu-west-1"
        assert event["additionalEventData"]["recordedBy"] == "client"
        assert event["userIdentity"]["accessKeyId"] == "AKIAEXAMPLE000000001"
        assert event["responseElements"]["queueUrl"].endswith(event["requestParameters"]["queueName"])
    assert program.stop() == 0


def test_a_server_that_is_killed_meanwhile_has_every_record_once(tmp_path: Path, moto: str) -> None:
    program = Program(tmp_path / "data", ("--no-sandbox",)).start()
    caller = _caller(program, moto, 80, 0.4)  # it lives longer than two starts of the server take beside other tests
    for _ in range(2):
        time.sleep(1.5)
        program.kill()
        program = Program(tmp_path / "data", ("--no-sandbox",), port=program.port).start()
    _, errors = caller.communicate(timeout=90)
    assert caller.returncode == 0, errors
    assert "not recorded" not in errors

    def names() -> "Counter[str]":
        events = program.events("--event-name", "CreateQueue", "--all-regions")
        return Counter(event["requestParameters"]["queueName"] for event in events)

    assert eventually(lambda: names() == Counter(f"queue-{n}" for n in range(80)), seconds=5), names()
    assert program.stop() == 0
