"""Copies on disk: what they keep, what they lose, and what can be proved of them without S3."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opentrail.logfile.keys import Chain
from opentrail.logfile.public_keys import PublicKey, write_list
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.server.cli import command_line
from tests.logfile import worked_example as example
from tests.trails.validation.judges import Said, kinds, opentrail, report
from tests.trails.validation.made_trails import (
    ACCOUNT,
    BUCKET,
    HOUR_US,
    MINUTE_US,
    REGION,
    START_US,
    TRAIL,
    MadeChain,
    key_pair,
)
from tests.trails.validation.tampering import CASES, HOURS, LISTED_KEY, SECOND_KEY

TIMES = ("--start-time", "2026-03-02T09:00:00Z", "--end-time", "2026-03-02T23:00:00Z")


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, str]:
    path = tmp_path / "keys.json"
    path.write_bytes(write_list([key_pair(number).published for number in (LISTED_KEY, SECOND_KEY)]))
    return ("--public-keys", str(path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / BUCKET).mkdir()
    return tmp_path / BUCKET


def drop_sidecars(folder: Path) -> None:
    for path in folder.rglob(".*.properties"):
        path.unlink()


@pytest.mark.parametrize("name", CASES)
def test_a_folder_that_we_delivered_to_is_judged_as_a_bucket_is(name: str, folder: Path, keys: tuple[str, str]) -> None:
    """The same cases as against the AWS CLI, which cannot read folders; metadata lies in sidecars."""
    expected = CASES[name](MadeChain(DirectoryBucket(folder), Chain(ACCOUNT, REGION, TRAIL, REGION)).hours(HOURS))
    said = opentrail({}, str(folder), *TIMES, *keys)
    found = {**expected.both, **{key: verdict for key, verdict in expected.ours.items() if verdict.startswith("INV")}}
    lost = {"signature-removed", "algorithm-removed", "backfill-without-its-time"}
    if name in lost:  # what a copy loses nobody took away
        assert said.status == 0, said.text
        return
    # A file that is gone is named as the digest names it, or where it would lie.
    assert {url.rpartition("/")[2]: verdict for url, verdict in said.invalid.items()} == {
        key.rpartition("/")[2]: verdict for key, verdict in found.items()
    }
    assert said.status == expected.status
    counted = kinds(report({}, str(folder), *TIMES, *keys))
    assert {kind: counted.get(kind, 0) for kind in expected.kinds} == expected.kinds


def test_a_copy_without_metadata_is_proved_but_for_its_newest_digest(folder: Path, keys: tuple[str, str]) -> None:
    made = MadeChain(DirectoryBucket(folder)).hours(4)
    drop_sidecars(folder)
    said = opentrail({}, str(folder), *TIMES, *keys)
    assert said.ratios == {"digest": (3, 4), "log": (6, 6)}
    assert list(said.invalid.values()) == ["INVALID: signature verification failed"]
    assert "copies lose it" in said.text
    assert kinds(report({}, str(folder), *TIMES, *keys))["signature-from-next"] == 3
    until = ("--start-time", TIMES[1], "--end-time", made.digests[1].value.digest_end_time)
    assert opentrail({}, str(folder), *until, *keys).ratios["digest"][0] >= 2


def test_a_touched_copy_without_metadata_is_found_out(folder: Path, keys: tuple[str, str]) -> None:
    made = MadeChain(DirectoryBucket(folder)).hours(4)
    drop_sidecars(folder)
    one = made.digests[1]
    (folder / one.key).write_bytes(gzip.compress(one.inflated.replace(b'"logFiles":[{', b'"logFiles": [{')))
    said = opentrail({}, str(folder), *TIMES, *keys)
    assert [url.rpartition("/")[2] for url in said.invalid] == [
        made.digests[number].key.rpartition("/")[2] for number in (1, 3)
    ]


@pytest.mark.parametrize("place", ["", "copy/of/it", "AWSLogs", f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}"])
def test_a_copy_is_found_wherever_it_lies(place: str, folder: Path, tmp_path: Path, keys: tuple[str, str]) -> None:
    """The bucket's prefix may be left out of the copy, or other folders put before it."""
    MadeChain(DirectoryBucket(folder), Chain(ACCOUNT, REGION, TRAIL, REGION, prefix="audit/logs")).hours(2)
    copy = tmp_path / "elsewhere"
    if place.startswith("copy"):
        shutil.copytree(folder / "audit" / "logs", copy / place)
        asked = copy
    else:
        shutil.copytree(folder / "audit" / "logs", copy)
        asked = copy / place
    said = opentrail({}, str(asked), *TIMES, *keys)
    assert (said.status, said.ratios) == (0, {"digest": (2, 2), "log": (4, 4)}), said.text
    for options in (("--s3-bucket", "another"), ("--s3-prefix", "another")):
        wrong = opentrail({}, str(asked), *TIMES, *keys, *options)
        assert set(wrong.invalid.values()) == {"INVALID: has been moved from its original location"}


def test_all_accounts_regions_and_trails_below_a_folder_are_validated(folder: Path, keys: tuple[str, str]) -> None:
    bucket = DirectoryBucket(folder)
    for account in (ACCOUNT, "210987654321"):
        for region in (REGION, "eu-west-1"):
            MadeChain(bucket, Chain(account, region, TRAIL, REGION, "", "o-exampleorg")).hours(2, 1)
    MadeChain(bucket, Chain(ACCOUNT, REGION, "second_trail", REGION, "", "o-exampleorg")).hours(2, 1)
    assert opentrail({}, str(folder), *TIMES, *keys).ratios == {"digest": (10, 10), "log": (10, 10)}
    only = ("--account-id", ACCOUNT, "--region", REGION)
    assert opentrail({}, str(folder), *TIMES, *keys, *only).ratios == {"digest": (4, 4), "log": (4, 4)}
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/second_trail"
    one = report({}, str(folder), *TIMES, *keys, "--trail-arn", arn)
    assert one["digests"] == {"valid": 2, "invalid": 0}
    assert kinds(one)["orphans-not-sought"] == 1


def test_a_file_of_another_trail_is_no_orphan_where_its_digests_are_read_too(
    folder: Path, keys: tuple[str, str]
) -> None:
    bucket = DirectoryBucket(folder)
    first = MadeChain(bucket).hours(3)
    MadeChain(bucket, Chain(ACCOUNT, REGION, "other", REGION)).hours(3)
    assert "orphan" not in kinds(report({}, str(folder), *TIMES, *keys))
    first.log_file(START_US + HOUR_US + 30 * MINUTE_US)
    answer = report({}, str(folder), *TIMES, *keys)
    assert (kinds(answer)["orphan"], answer["exitStatus"]) == (1, 1)
    assert report({}, str(folder), *TIMES, *keys, "--no-orphans")["exitStatus"] == 0


def test_files_at_the_newest_edge_may_yet_be_named(folder: Path, keys: tuple[str, str]) -> None:
    made = MadeChain(DirectoryBucket(folder)).hours(3)
    made.log_file(made.now_us + 5 * MINUTE_US)
    answer = report({}, str(folder), *TIMES, *keys)
    assert (kinds(answer)["not-yet-covered"], answer["exitStatus"]) == (1, 0)


def test_the_worked_example_is_valid(folder: Path, tmp_path: Path) -> None:
    """Signed with a key that we do not have."""
    bucket = DirectoryBucket(folder)
    made = MadeChain(bucket, Chain(ACCOUNT, REGION, "management", REGION))
    made.put_bytes(example.LOG_FILE_KEY, gzip.compress(b'{"Records":[' + example.RECORD + b"]}"), {})
    for key, inflated, signature in (
        (example.FIRST_KEY, example.FIRST, example.FIRST_SIGNATURE),
        (example.SECOND_KEY, example.SECOND, example.SECOND_SIGNATURE),
    ):
        metadata = {"signature": signature, "signature-algorithm": "SHA256withRSA"}
        made.put_bytes(key, gzip.compress(inflated), metadata)
    listed = tmp_path / "keys.json"
    listed.write_bytes(write_list([PublicKey(example.PUBLIC_KEY, example.FINGERPRINT, 0, START_US * 2)]))
    times = ("--start-time", "2026-03-02T09:00:00Z", "--end-time", "2026-03-02T12:00:00Z")
    done = CliRunner().invoke(command_line("validate"), ["validate", str(folder), *times, "--public-keys", str(listed)])
    assert done.exit_code == 0
    assert done.output.endswith(
        "\nResults requested for 2026-03-02T09:00:00Z to 2026-03-02T12:00:00Z\n"
        "Results found for 2026-03-02T09:12:00Z to 2026-03-02T11:12:00Z:\n\n"
        "2/2 digest files valid\n1/1 log files valid\n"
    )


def say(*options: str) -> Said:
    return opentrail({}, *options)


def test_what_cannot_go_on_exits_with_3_and_wrong_options_with_2(
    folder: Path, tmp_path: Path, keys: tuple[str, str]
) -> None:
    assert say(str(folder), *keys).status == 3
    assert "No digests found" in say(str(folder), *keys).text
    assert say(str(tmp_path / "absent"), *keys).status == 3
    assert say().status == 3
    assert say("--trail-arn", "arn:aws:s3:::x").status == 3
    assert say(str(folder), *keys, "--start-time", "2026-03-03", "--end-time", "2026-03-02").status == 3
    assert say(str(folder), "--public-keys", str(tmp_path / "absent.json")).status == 3
    assert say(str(folder), "--no-such-option").status == 2
    MadeChain(DirectoryBucket(folder)).hours(1)
    none = tmp_path / "none.json"
    none.write_bytes(json.dumps({"PublicKeyList": []}).encode())
    said = say(str(folder), "--public-keys", str(none))
    assert said.status == 3
    assert "No public keys found between" in said.text


def test_hostile_names_reach_no_terminal(folder: Path, keys: tuple[str, str]) -> None:
    made = MadeChain(DirectoryBucket(folder), Chain(ACCOUNT, REGION, TRAIL, REGION, prefix="a\x1b[31m")).hours(1)
    made.bucket.delete(made.digests[0].log_keys[0])
    said = opentrail({}, str(folder), *TIMES, *keys)
    assert said.status == 1
    assert "\x1b" not in said.text
