"""Imports: everything that comes in is kept once, known already, or set aside with its place and reason."""

import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from opentrail import limits
from opentrail.clock import SettableClock
from opentrail.history.import_counts import ImportCounts, ImportUnbalanced
from opentrail.history.import_ledger import SetAsideRecord
from opentrail.history.import_lock import import_lock
from opentrail.journal import JournalUnwritable
from opentrail.objects.directory import DirectoryStore
from opentrail.objects.documents import read_records
from opentrail.objects.port import NoSuchLocation, ObjectReader, ObjectUnreadable, StoreUnavailable
from opentrail.record.view import view
from tests.history.import_room import ACCOUNT, Room, record, write_log

LAYOUT = f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2023/07/10/{ACCOUNT}_CloudTrail_eu-west-1_20230710T1205Z_{{}}.json.gz"


@pytest.fixture
def room(tmp_path: Path, clock: SettableClock) -> Room:
    return Room(tmp_path / "data", clock)


class BreakingStore(DirectoryStore):
    """A folder whose connection breaks when so many files have been opened."""

    def __init__(self, place: Path, opens: int) -> None:
        super().__init__(place)
        self._opens = opens

    def open(self, key: str) -> ObjectReader:
        self._opens -= 1
        if self._opens < 0:
            raise StoreUnavailable("the connection broke")
        return super().open(key)


def write_logs(folder: Path, files: int, records_a_file: int) -> list[bytes]:
    raws = [record(number) for number in range(files * records_a_file)]
    for number in range(files):
        some = raws[number * records_a_file : (number + 1) * records_a_file]
        write_log(folder / LAYOUT.format(f"{number:016}"), some)
    return raws


def test_all_sample_data_comes_in_byte_for_byte_and_once(room: Room, sample_data: Path) -> None:
    came_in: Counter[bytes] = Counter()
    for folder in ("logs", "records"):
        store = DirectoryStore(sample_data / folder)
        for info in store.list():
            reader = store.open(info.key)
            came_in.update(raw for part in read_records(reader) for _, raw in part.raws)
            reader.close()
    first = [room.run(sample_data / folder) for folder in ("logs", "records")]
    assert sum(counts.records_in for counts in first) == came_in.total()
    assert sum(counts.files_set_aside + counts.files_passed_over for counts in first) == 0
    bodies = room.bodies()
    assert len(bodies) == sum(counts.kept for counts in first) > 3900
    assert len(set(bodies)) == len(bodies)
    assert all(body in came_in for body in bodies)
    ids = [(view(body).recipientAccountId, view(body).awsRegion, view(body).eventID) for body in bodies]
    assert len(set(ids)) == len(ids)
    reasons = {aside.reason for aside in room.set_aside()}
    assert reasons == {"eventTime is missing", "eventID is missing"} or reasons <= {
        "eventTime is missing",
        "eventID is missing",
    }
    second = [room.run(sample_data / folder) for folder in ("logs", "records")]
    assert [counts.kept for counts in second] == [0, 0]
    assert room.bodies() == bodies


def test_events_are_known_by_account_region_and_id(room: Room, tmp_path: Path) -> None:
    raws = [
        record(1),
        record(1, eventName="SomethingElse"),
        record(1, awsRegion="us-east-1"),
        record(1, recipientAccountId="999999999999"),
        record(2),
    ]
    write_log(tmp_path / "logs" / "a.json.gz", raws)
    write_log(tmp_path / "logs" / "b.json.gz", [record(2), record(3)])
    counts = room.run(tmp_path / "logs")
    assert (counts.records_in, counts.kept, counts.duplicates, counts.set_aside) == (7, 5, 2, 0)
    assert room.bodies() == [raws[0], raws[2], raws[3], raws[4], record(3)]


def test_many_small_files_share_batches(room: Room, tmp_path: Path) -> None:
    raws = write_logs(tmp_path / "logs", files=300, records_a_file=20)
    counts = room.run(tmp_path / "logs")
    assert (counts.kept, counts.files_read) == (6000, 300)
    with room.journal() as journal:
        assert len(journal.read(0, 10_000)) == 2
    assert room.bodies() == raws


def test_bad_records_and_files_are_set_aside_with_place_and_reason(room: Room, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    deep = b'{"eventVersion":"1.08","eventID":"deep","eventTime":"2023-07-10T12:00:00Z","x":' + b"[" * 300 + b"]" * 300
    bad = [record(1, eventTime=""), b"7", record(2, eventTime="yesterday"), deep + b"}", record(3, eventID="")]
    write_log(logs / "bad.json.gz", [record(10), *bad, record(11)])
    (logs / "cut.json.gz").write_bytes(gzip.compress(b'{"Records":[' + record(12) + b"]}", 1)[:-8])
    (logs / "damaged.json.gz").write_bytes(gzip.compress(b'{"Records":[]}')[:-8] + b"checksum")
    (logs / "lines.jsonl").write_bytes(record(13) + b"\n{broken\n" + record(14))
    (logs / "nothing_CloudTrail_at_all.json").write_bytes(b"what is this?")
    os.mkfifo(logs / "pipe.json")
    counts = room.run(logs)
    assert room.bodies() == [record(10), record(11), record(12), record(13), record(14)]
    assert (counts.records_in, counts.kept, counts.set_aside) == (11, 5, 6)
    assert (counts.files_read, counts.files_set_aside) == (5, 4)
    found = [(aside.key, aside.index, aside.reason.split(" (")[0].split(":")[0]) for aside in room.set_aside()]
    assert found[:5] == [
        ("bad.json.gz", 1, "eventTime is missing"),
        ("bad.json.gz", 2, "not an object but a number"),
        ("bad.json.gz", 3, found[2][2]),
        ("bad.json.gz", 4, f"nested more than {limits.RECORD_DEPTH} levels deep"),
        ("bad.json.gz", 5, "eventID is missing"),
    ]
    assert found[5:] == [
        ("cut.json.gz", None, "the gzip stream ends early"),
        ("damaged.json.gz", None, "cannot be inflated"),
        ("lines.jsonl", 1, "not JSON"),
        ("nothing_CloudTrail_at_all.json", None, "it is neither JSON nor JSON lines"),
        ("pipe.json", None, "is not a regular file"),
    ]


def test_digests_and_other_files_are_passed_over_and_counted(room: Room, tmp_path: Path, sample_data: Path) -> None:
    logs = tmp_path / "logs"
    write_log(logs / LAYOUT.format("A" * 16), [record(1)])
    digest = (sample_data / "digests" / "otel-digest-empty.json").read_bytes()
    key = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2023/07/10/{ACCOUNT}_CloudTrail-Digest_eu-west-1_t_x.json.gz"
    (logs / key).parent.mkdir(parents=True)
    (logs / key).write_bytes(gzip.compress(digest))
    (logs / "renamed-digest.json").write_bytes(digest)
    (logs / "README.md").write_bytes(b"# Logs\n")
    (logs / "empty.json").write_bytes(b"")
    (logs / "package.json").write_bytes(b'{"name":"no log file"}')
    (logs / "report.pdf").write_bytes(b"%PDF-1.7 " + bytes(range(256)) * 50)
    counts = room.run(logs)
    assert (counts.files_read, counts.files_passed_over, counts.files_set_aside) == (1, 6, 0)
    assert (counts.kept, room.set_aside()) == (1, [])


def test_the_account_in_a_files_name_stands_in_for_one_the_record_does_not_name(room: Room, tmp_path: Path) -> None:
    raw = record(1, recipientAccountId="")
    write_log(tmp_path / "logs" / LAYOUT.format("A" * 16), [raw, record(2, recipientAccountId="999999999999")])
    write_log(tmp_path / "logs" / "AWSLogs/o-exampleorg/444455556666/CloudTrail/x.json.gz", [raw])
    write_log(tmp_path / "logs" / "flat" / f"{ACCOUNT}_CloudTrail_eu-west-1_20230710T1205Z_B.json.gz", [raw])
    room.run(tmp_path / "logs")
    with room.journal() as journal:
        (batch,) = journal.read(0, 100)
    assert Counter(batch.entries.accounts) == Counter([ACCOUNT, "999999999999", "444455556666"])
    assert batch.origin == "import"


def test_a_broken_off_import_goes_on_and_its_counts_add_up(room: Room, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    raws = write_logs(logs, files=40, records_a_file=300)
    write_log(logs / "AAA-first.json.gz", [record(0), record(1), record(99_999, eventTime="")])
    with pytest.raises(StoreUnavailable):
        room.run(BreakingStore(logs, 30))
    seen: list[str] = []
    counts = room.run(logs, lambda _counts, name: seen.append(name))
    assert 0 < counts.files_before < 30
    assert len(seen) == 41 - counts.files_before
    assert (counts.records_in, counts.kept, counts.duplicates, counts.set_aside) == (12_003, 12_000, 2, 1)
    assert room.set_aside() == [SetAsideRecord("AAA-first.json.gz", 2, "eventTime is missing")]
    assert sorted(room.bodies()) == sorted(raws)
    again = room.run(logs)
    assert (again.files_before, again.files_read, again.kept, again.duplicates) == (0, 41, 0, 12_002)


def test_a_file_written_anew_is_read_again(room: Room, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write_logs(logs, files=20, records_a_file=500)
    with pytest.raises(StoreUnavailable):
        room.run(BreakingStore(logs, 19))
    write_log(logs / LAYOUT.format(f"{0:016}"), [record(777_777)])
    counts = room.run(logs)
    assert counts.kept == 10_001
    assert record(777_777) in room.bodies()


def test_when_the_journal_cannot_write_the_import_stops_and_goes_on_later(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = write_logs(tmp_path / "logs", files=5, records_a_file=2000)
    with room.journal():
        holder = sqlite3.connect(room.folder / "journal" / "journal.db", isolation_level=None)
    with monkeypatch.context() as patch, closing(holder):
        patch.setattr(limits, "JOURNAL_LOCK_SECONDS", 0.2)
        with pytest.raises(JournalUnwritable):
            room.run(
                tmp_path / "logs", lambda _counts, _name: holder.in_transaction or holder.execute("BEGIN IMMEDIATE")
            )
    assert room.bodies() == []
    counts = room.run(tmp_path / "logs")
    assert (counts.files_before, counts.kept, counts.duplicates) == (0, 10_000, 0)
    assert sorted(room.bodies()) == sorted(raws)


CHILD = """
import sys
from pathlib import Path
from opentrail.clock import SettableClock
from tests.history.import_room import Room
Room(Path(sys.argv[1]), SettableClock()).run(Path(sys.argv[2]))
"""


@pytest.mark.parametrize("thousands_in", [1, 7, 23])
@pytest.mark.parametrize(("files", "records_a_file"), [(75, 800), (1, 60_000)])
def test_killed_in_the_middle_each_event_is_there_once_and_counted_once(
    room: Room, tmp_path: Path, thousands_in: int, files: int, records_a_file: int
) -> None:
    logs = tmp_path / "logs"
    raws = write_logs(logs, files=files, records_a_file=records_a_file)
    command = [sys.executable, "-c", CHILD, str(room.folder), str(logs)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as child:
        wait_for_events(room, thousands_in * 1000)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    counts = room.run(logs)
    assert sorted(room.bodies()) == sorted(raws)
    assert (counts.records_in, counts.kept, counts.duplicates) == (len(raws), len(raws), 0)


def wait_for_events(room: Room, count: int) -> None:
    deadline = time.monotonic() + 60
    while not (room.folder / "journal" / "journal.db").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with room.journal() as journal:
        while journal.head() < count:
            assert time.monotonic() < deadline
            journal.wait(journal.head(), 0.05)


def test_a_file_of_mostly_bad_records_is_given_up(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMPORT_FILE_FAULTS", 100)
    monkeypatch.setattr(limits, "IMPORT_CHUNK_BYTES", 10_000)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "garbage.jsonl").write_bytes(record(1) + b"\n" + b'{"no":"record"}\n' * 20_000 + record(2))
    (logs / "half.jsonl").write_bytes(b"".join(record(n) + b"\n" + b'{"no":"record"}\n' for n in range(10, 1010)))
    counts = room.run(logs)
    assert counts.kept == 1001
    assert counts.set_aside < 5000
    assert [aside.key for aside in room.set_aside() if aside.index is None] == ["garbage.jsonl"]


def test_the_second_import_waits_for_the_first(tmp_path: Path) -> None:
    waited = threading.Event()
    order: list[str] = []

    def second() -> None:
        with import_lock(tmp_path / "import.lock", waited.set):
            order.append("second")

    with import_lock(tmp_path / "import.lock", lambda: order.append("had to wait")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(10)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_nothing_there_is_an_error(room: Room, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoSuchLocation, match="nothing at"):
        room.run(tmp_path / "empty")


def test_a_file_that_cannot_be_read_is_tried_again_when_the_import_goes_on(room: Room, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write_logs(logs, files=20, records_a_file=500)

    class Denying(BreakingStore):
        def open(self, key: str) -> ObjectReader:
            if key.endswith(f"{3:016}.json.gz"):
                raise ObjectUnreadable("cannot be opened: denied")
            return super().open(key)

    with pytest.raises(StoreUnavailable):
        room.run(Denying(logs, 15))
    assert [aside.reason for aside in room.set_aside()] == ["cannot be opened: denied"]
    counts = room.run(logs)
    assert (counts.kept, counts.files_set_aside, room.set_aside()) == (10_000, 0, [])


def test_counts_that_do_not_add_up_are_an_error() -> None:
    ImportCounts(records_in=3, kept=1, duplicates=1, set_aside=1).check()
    with pytest.raises(ImportUnbalanced, match="4 records came in"):
        ImportCounts(records_in=4, kept=1, duplicates=1, set_aside=1).check()
