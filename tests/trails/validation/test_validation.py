"""A run as a whole where the store itself fails, and what is shown while it goes on."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from opentrail.objects.bucket import AccessDenied, BucketFault, OpenObject, Unreachable
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.record.times import parse_event_time
from opentrail.server.commands.validate_output import Output
from opentrail.trails.validation.archive import S3Archive
from opentrail.trails.validation.discovery import Wanted, digest_folders
from opentrail.trails.validation.findings import Kind, stopped
from opentrail.trails.validation.public_keys import ListedKeys
from opentrail.trails.validation.tally import COULD_NOT_GO_ON, INVALID, Tally
from opentrail.trails.validation.validation import Validation
from tests.trails.validation.made_trails import BUCKET, HOUR_US, MadeChain, key_pair

WANTED = Wanted(parse_event_time("2026-03-02T09:00:00Z"), parse_event_time("2026-03-02T14:00:00Z"))


class Failing(DirectoryBucket):
    """A bucket of which some objects cannot be read."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.faults: dict[str, BucketFault] = {}
        self.asked: list[str] = []

    def get(self, key: str) -> OpenObject:
        self.asked.append(key)
        if key in self.faults:
            raise self.faults[key]
        return super().get(key)


@pytest.fixture
def bucket(tmp_path: Path) -> Failing:
    (tmp_path / BUCKET).mkdir()
    return Failing(tmp_path / BUCKET)


def validated(bucket: Failing, output: Output | None = None, threads: int = 4) -> Tally:
    archive = S3Archive(lambda name: bucket)
    tally = Tally(WANTED.from_us, WANTED.to_us)
    shown = output if output is not None else Output(verbose=False, silent=True, bar=None)
    run = Validation(archive, ListedKeys([key_pair(0).published]), WANTED, shown, tally, WANTED.to_us)
    run.run(digest_folders(archive, BUCKET, "", WANTED), threads, seek_orphans=True)
    return tally


def test_a_file_that_may_not_be_read_is_unjudged_and_the_rest_goes_on(bucket: Failing) -> None:
    made = MadeChain(bucket).hours(5)
    bucket.faults[made.digests[1].log_keys[0]] = AccessDenied("no")
    tally = validated(bucket)
    assert (tally.log_files.valid, tally.log_files.invalid, tally.kinds[Kind.UNREADABLE]) == (9, 0, 1)
    assert tally.exit_status == COULD_NOT_GO_ON
    bucket.faults[made.digests[3].key] = AccessDenied("no")
    tally = validated(bucket)
    assert (tally.digests(backfill=False).valid, tally.kinds[Kind.UNREADABLE]) == (4, 2)
    bucket.delete(made.digests[4].log_keys[0])
    assert validated(bucket).exit_status == INVALID


def test_a_store_that_is_gone_ends_the_run(bucket: Failing) -> None:
    made = MadeChain(bucket).hours(3)
    bucket.faults[made.digests[1].log_keys[1]] = Unreachable("gone")
    with pytest.raises(Unreachable, match="gone"):
        validated(bucket)


def test_no_file_is_fetched_twice(bucket: Failing) -> None:
    MadeChain(bucket).hours(5)
    assert validated(bucket).exit_status == 0
    assert sorted(bucket.asked) == sorted(set(bucket.asked))
    assert len(bucket.asked) == 15


def test_findings_beyond_the_limit_are_counted(bucket: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentrail.limits.VALIDATION_FINDINGS", 2)
    made = MadeChain(bucket).hours(5)
    for one in made.digests[1:4]:
        bucket.delete(one.log_keys[0])
    report = validated(bucket).as_json("here")
    assert isinstance(report["findings"], list)
    assert (len(report["findings"]), report["findingsLeftOut"], report["counts"]) == (2, 1, {"log-file-missing": 3})


def test_a_bar_follows_the_digests_and_lines_stand_above_it(bucket: Failing) -> None:
    made = MadeChain(bucket).hours(5)
    bucket.delete(made.digests[2].log_keys[0])
    screen = io.StringIO()
    with Progress(console=Console(file=screen, force_terminal=True, width=400)) as bar:
        validated(bucket, Output(verbose=False, silent=False, bar=bar))
        (task,) = bar.tasks
        assert (task.completed, task.total) == (5, 5)
        assert task.description == "123456789012 us-east-1"
    assert "INVALID: not found" in screen.getvalue()


def test_a_gap_is_never_shorter_than_the_digest_that_is_gone(bucket: Failing) -> None:
    """Also where the digest lies elsewhere under a name of its own time."""
    made = MadeChain(bucket).hours(5)
    moved = made.digests[2]
    made.put_bytes(moved.key.replace("/2026/03/02/", "/2026/03/01/"), moved.stored, moved.metadata)
    bucket.delete(moved.key)
    tally = validated(bucket)
    [gap] = [finding for finding in tally.findings if finding.kind is Kind.GAP_MISSING]
    value = moved.value
    assert (gap.from_us, gap.to_us) == tuple(map(parse_event_time, (value.digest_start_time, value.digest_end_time)))
    assert gap.detail == "1 digest file is gone"


def test_a_chain_that_begins_before_the_end_of_the_one_before_is_no_gap_backwards(bucket: Failing) -> None:
    chain = MadeChain(bucket).chain
    assert stopped(chain, HOUR_US, 2 * HOUR_US).text.startswith("No log files were delivered by CloudTrail between")
    assert "between" not in stopped(chain, 2 * HOUR_US, HOUR_US).text
