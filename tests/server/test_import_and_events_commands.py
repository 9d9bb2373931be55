"""`opentrail import` and `opentrail events` as a user runs them: separate processes on one data folder."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opentrail.followers.ownership import Ownership
from opentrail.objects.documents import read_records
from opentrail.objects.location import open_location
from opentrail.record.view import view
from opentrail.server.cli import main
from opentrail.server.commands.event_output import CSV_HEADER
from tests.history.import_room import ACCOUNT, record, write_log
from tests.objects.seaweedfs import KEY, client, seaweedfs

EVERYWHERE = ("--all-accounts", "--all-regions", "--category", "all", "--limit", "0")
SANDBOX = {"recipientAccountId": "123456789012", "awsRegion": "us-east-1"}


@dataclass(frozen=True)
class Done:
    """What a command wrote."""

    stdout: bytes
    stderr: bytes


Command = Callable[..., Done]


def in_process(*arguments: str | Path, **environment: str) -> None:
    """Run a command as a process of its own; it must succeed."""
    command = [sys.executable, "-m", "opentrail", *map(str, arguments)]
    subprocess.run(command, env={**os.environ, **environment}, timeout=120, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def opentrail(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The program in this process, which saves its start; `status` is what it is to end with."""

    def run(*arguments: str | Path, status: int = 0) -> Done:
        monkeypatch.setattr(sys, "argv", ["opentrail", *map(str, arguments)])
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfdbinary.readouterr()
        assert (ended.value.code or 0) == status, err.decode()
        return Done(out, err)

    return run


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """A data folder that holds all sample records."""
    data = tmp_path_factory.mktemp("samples") / "data"
    for folder in ("logs", "records"):
        in_process("import", sample_data / folder, "--data-dir", data)
    return data


@pytest.fixture
def few(tmp_path: Path, opentrail: Command) -> Path:
    """A data folder with a few hostile records of the sandbox's account."""
    evil = "\\u001b]0;owned\\u0007\\u202e[red]=1+1"
    raws = [
        record(
            1, **SANDBOX, eventTime="2026-03-04T10:15:31Z", userAgent="=HYPERLINK(0)", sourceIPAddress="203.0.113.7"
        ),
        record(2, **SANDBOX, eventTime="2026-03-04T10:15:32Z", eventName=evil, userAgent="plain, with a comma"),
        record(3, **SANDBOX, eventTime="2026-03-03T23:59:59Z", errorCode="AccessDenied", userAgent="@SUM(A1)"),
        record(4, recipientAccountId="999999999999", awsRegion="eu-west-1"),
        record(5, **SANDBOX, eventTime="2026-03-02T10:00:00Z", eventCategory="Data"),
    ]
    write_log(tmp_path / "logs" / "few.json.gz", raws)
    opentrail("import", tmp_path / "logs", "--data-dir", tmp_path / "data")
    return tmp_path / "data"


def names(done: Done) -> list[str]:
    return [json.loads(line)["eventID"] for line in done.stdout.splitlines()]


def test_every_record_that_was_imported_is_listed_byte_for_byte_newest_first(
    opentrail: Command, samples: Path, sample_data: Path
) -> None:
    came_in = set()
    for folder in ("logs", "records"):
        store = open_location(str(sample_data / folder))
        for info in store.list():
            came_in |= {raw for part in read_records(store.open(info.key)) for _, raw in part.raws}
    listed = opentrail("events", "--data-dir", samples, "--json", *EVERYWHERE).stdout.splitlines()
    assert len(listed) == len(set(listed)) > 3900
    assert set(listed) <= came_in
    # What was not kept has no time or no ID, or is the same event with other bytes.
    ids = {(view(raw).recipientAccountId, view(raw).awsRegion, view(raw).eventID) for raw in listed}
    for raw in came_in - set(listed):
        record = view(raw)
        known = (record.recipientAccountId, record.awsRegion, record.eventID) in ids
        assert known or not record.eventTime or not record.eventID
    times = [view(raw).eventTime or "" for raw in listed]
    plain = [time for time in times if len(time) == 20]
    assert plain == sorted(plain, reverse=True)


def test_a_second_import_keeps_nothing_and_counts_add_up(opentrail: Command, samples: Path, sample_data: Path) -> None:
    summary = json.loads(opentrail("import", sample_data / "logs", "--data-dir", samples, "--json").stdout)
    assert summary["kept"] == 0
    assert summary["records_in"] == summary["duplicates"] + summary["set_aside"] > 3000
    assert summary["set_aside"] == len(summary["set_aside_records"])


def test_what_was_set_aside_is_printed_and_written(opentrail: Command, tmp_path: Path, sample_data: Path) -> None:
    report = tmp_path / "report.jsonl"
    done = opentrail(
        "import", sample_data / "records" / "otrf-a.jsonl", "--data-dir", tmp_path, "--set-aside-report", report
    )
    assert b"52 in = 0 kept + 0 duplicates + 52 set aside" in done.stdout
    assert b"otrf-a.jsonl, 52 records from 0 to 51: eventTime is missing" in done.stdout
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["index"] for line in lines] == list(range(52))
    assert {line["reason"] for line in lines} == {"eventTime is missing"}


def test_all_filters_hold_at_once(opentrail: Command, samples: Path) -> None:
    def listed(*options: str) -> list[bytes]:
        return opentrail("events", "--data-dir", samples, "--json", *EVERYWHERE, *options).stdout.splitlines()

    for option, field in (
        ("--event-name", "eventName"),
        ("--event-source", "eventSource"),
        ("--error-code", "errorCode"),
        ("--source-ip", "sourceIPAddress"),
        ("--event-id", "eventID"),
    ):
        everything = [view(raw) for raw in listed()]
        value = next(filter(None, (getattr(record, field) for record in everything)))
        expected = sum(getattr(record, field) == value for record in everything)
        assert len(listed(option, value)) == expected > 0
    both = listed(
        "--event-source", "iam.amazonaws.com", "--no-read-only", "--start", "2023-07-10", "--end", "2023-07-10"
    )
    assert both
    for raw in both:
        found = view(raw)
        assert (found.eventSource, found.readOnly) == ("iam.amazonaws.com", False)
        assert (found.eventTime or "").startswith("2023-07-10T")
    assert listed("--event-source", "iam.amazonaws.com", "--event-name", "RunInstances") == []


def test_csv_is_the_consoles_download(opentrail: Command, few: Path) -> None:
    text = opentrail("events", "--data-dir", few, "--csv").stdout.decode()
    assert text.startswith(
        "User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,User agent,"
        "Error code,Resources,Request ID,Event ID,Read-only,Event type,Recipient Account Id,Event category\n"
    )
    assert not text.endswith("\n")
    rows = list(csv.reader(io.StringIO(text)))
    assert [len(row) for row in rows] == [len(CSV_HEADER)] * 4
    assert [row[CSV_HEADER.index("User agent")] for row in rows[1:]] == [
        "plain, with a comma",
        "=HYPERLINK(0)",
        "@SUM(A1)",
    ]
    safe = opentrail("events", "--data-dir", few, "--csv", "--spreadsheet-safe").stdout.decode()
    agents = [row[CSV_HEADER.index("User agent")] for row in csv.reader(io.StringIO(safe))][1:]
    assert agents == ["plain, with a comma", "'=HYPERLINK(0)", "'@SUM(A1)"]


def test_the_table_shows_no_control_character(opentrail: Command, few: Path) -> None:
    shown = opentrail("events", "--data-dir", few).stdout.decode()
    assert "\\x1b]0;owned\\x07\\u202e[red]=1+1" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_limit_region_account_and_category(opentrail: Command, few: Path) -> None:
    assert names(opentrail("events", "--data-dir", few, "--json")) == ["event-2", "event-1", "event-3"]
    assert names(opentrail("events", "--data-dir", few, "--json", "--limit", "1")) == ["event-2"]
    assert names(opentrail("events", "--data-dir", few, "--json", "--category", "data")) == ["event-5"]
    other = ("--account", "999999999999", "--region", "eu-west-1")
    assert names(opentrail("events", "--data-dir", few, "--json", *other)) == ["event-4"]
    assert len(names(opentrail("events", "--data-dir", few, "--json", *EVERYWHERE))) == 5


def test_nothing_here_but_elsewhere_is_said(opentrail: Command, few: Path) -> None:
    done = opentrail("events", "--data-dir", few, "--region", "eu-west-1")
    assert b"account 999999999999, Region eu-west-1" not in done.stdout
    assert "The newest elsewhere is in account" in done.stderr.decode()
    assert "--all-accounts --all-regions" in done.stderr.decode()
    assert opentrail("events", "--data-dir", few, "--event-id", "none").stderr == b"No events.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--start", "yesterday"), "is no time"),
        (("--json", "--csv"), "exclude each other"),
        (("--account", "1", "--all-accounts"), "exclude each other"),
        (("--spreadsheet-safe",), "belongs to --csv"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    opentrail: Command, few: Path, options: tuple[str, ...], message: str
) -> None:
    error = opentrail("events", "--data-dir", few, *options, status=1).stderr.decode()
    assert message in error
    assert error.count("\n") == 1


def test_a_data_folder_without_history_is_said(opentrail: Command, tmp_path: Path) -> None:
    assert b"no history" in opentrail("events", "--data-dir", tmp_path / "none", status=1).stderr
    assert not (tmp_path / "none").exists()


def test_a_reader_who_has_had_enough_is_no_failure(samples: Path) -> None:
    command = [sys.executable, "-m", "opentrail", "events", "--data-dir", str(samples), "--json", *EVERYWHERE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_without_waiting_events_are_listed_from_the_journal(opentrail: Command, tmp_path: Path) -> None:
    write_log(tmp_path / "logs" / "a.json.gz", [record(1, **SANDBOX)])
    opentrail("import", tmp_path / "logs", "--data-dir", tmp_path / "data", "--no-wait")
    assert names(opentrail("events", "--data-dir", tmp_path / "data", "--json")) == ["event-1"]


def _importing(tmp_path: Path) -> list[str]:
    """The command line of an import of `logs` into `data`."""
    return [sys.executable, "-m", "opentrail", "import", f"{tmp_path}/logs", "--data-dir", f"{tmp_path}/data"]


def test_a_second_import_says_that_it_waits(tmp_path: Path) -> None:
    write_log(tmp_path / "logs" / "a.json.gz", [record(1, **SANDBOX)])
    lock = Ownership(tmp_path / "data" / "locks" / "import.lock")
    assert lock.take()
    command = _importing(tmp_path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert b"Another import is running" in process.stderr.readline()
        lock.release()
        assert b"1 in = 1 kept" in process.stdout.read()
    assert process.returncode == 0


def test_ctrl_c_is_told_and_the_import_goes_on_later(opentrail: Command, tmp_path: Path) -> None:
    raws = [record(number) for number in range(40_000)]
    for part in range(40):
        write_log(tmp_path / "logs" / f"{part:02}.json.gz", raws[part * 1000 : part * 1000 + 1000])
    os.mkfifo(tmp_path / "started")
    lock = Ownership(tmp_path / "data" / "locks" / "import.lock")
    assert lock.take()
    command = _importing(tmp_path)
    heard = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it, as would the command
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, heard)
    with process:
        assert process.stderr is not None
        process.stderr.readline()
        lock.release()
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert process.returncode == 130
    summary = json.loads(opentrail("import", tmp_path / "logs", "--data-dir", tmp_path / "data", "--json").stdout)
    assert (summary["kept"], summary["duplicates"]) == (40_000, 0)


@pytest.fixture(scope="module")
def bucket_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


def test_a_bucket_in_awss_layout(
    opentrail: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bucket_url: str, sample_data: Path
) -> None:
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    s3 = client(bucket_url)
    s3.create_bucket(Bucket="trail")
    prefix = f"AWSLogs/{ACCOUNT}"
    files = sorted((sample_data / "logs").rglob("*.json.gz"))
    for path in files:
        s3.upload_file(str(path), "trail", f"{prefix}/CloudTrail/us-east-1/2023/07/10/{path.name}")
    digest = gzip.compress((sample_data / "digests" / "otel-digest-empty.json").read_bytes())
    s3.put_object(Bucket="trail", Key=f"{prefix}/CloudTrail-Digest/us-east-1/2023/07/10/digest.json.gz", Body=digest)
    done = opentrail("import", "s3://trail/AWSLogs", "--endpoint-url", bucket_url, "--data-dir", tmp_path, "--json")
    summary = json.loads(done.stdout)
    assert (summary["files_read"], summary["files_passed_over"]) == (len(files), 1)
    assert summary["kept"] + summary["duplicates"] == summary["records_in"] > 3000
    listed = opentrail("events", "--data-dir", tmp_path, "--json", *EVERYWHERE).stdout.splitlines()
    assert len(listed) == summary["kept"]
    missing = opentrail("import", "s3://absent", "--endpoint-url", bucket_url, "--data-dir", tmp_path, status=1)
    assert missing.stderr == b"opentrail: There is no bucket absent.\n"
