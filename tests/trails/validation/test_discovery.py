"""Where digests are looked for, and which of them are asked for."""

from pathlib import Path

import pytest

from opentrail.logfile.keys import Chain, LogFileKey
from opentrail.objects.bucket import Properties
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.record.times import parse_event_time
from opentrail.trails.validation import discovery
from opentrail.trails.validation.archive import FolderArchive
from opentrail.trails.validation.discovery import DigestFolder, TooManyFolders, Wanted, digest_folders, digests_in
from opentrail.trails.validation.orphans import NamedFiles
from opentrail.trails.validation.places import BadTrailArn, TrailName

EVER = Wanted(None, parse_event_time("2099-01-01T00:00:00Z"))


def put(bucket: DirectoryBucket, chain: Chain, *ends: str) -> None:
    for end in ends:
        bucket.put(str(chain.key_at(parse_event_time(end))), b"", Properties())


def folders(bucket: DirectoryBucket, below: str = "", wanted: Wanted = EVER) -> list[str]:
    return [folder.path for folder in digest_folders(FolderArchive(bucket, ""), "", below, wanted)]


def test_every_awslogs_below_a_place_is_found_with_and_without_organization(tmp_path: Path) -> None:
    bucket = DirectoryBucket(tmp_path)
    end = "2026-03-02T10:00:00Z"
    put(bucket, Chain("111111111111", "eu-west-1", "t", "eu-west-1"), end)
    put(bucket, Chain("222222222222", "eu-west-1", "t", "eu-west-1", "deep/er", "o-exampleorg"), end)
    put(bucket, Chain("222222222222", "us-east-1", "t", "eu-west-1", "deep/er", "o-exampleorg"), end)
    bucket.put("AWSLogs/111111111111/vpcflowlogs/eu-west-1/x", b"", Properties())
    bucket.put("AWSLogs/elasticloadbalancing/eu-west-1/x", b"", Properties())
    whole = [
        "AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/",
        "deep/er/AWSLogs/o-exampleorg/222222222222/CloudTrail-Digest/eu-west-1/",
        "deep/er/AWSLogs/o-exampleorg/222222222222/CloudTrail-Digest/us-east-1/",
    ]
    assert folders(bucket) == whole
    assert folders(bucket, "deep/") == whole[1:]
    assert folders(bucket, "deep/er/AWSLogs/o-exampleorg/222222222222/CloudTrail-Digest/us-east-1/") == whole[2:]
    assert folders(bucket, "AWSLogs/999999999999/") == []
    assert folders(bucket, "", Wanted(None, EVER.to_us, account="111111111111")) == whole[:1]
    assert folders(bucket, "", Wanted(None, EVER.to_us, regions=frozenset({"us-east-1"}))) == whole[2:]


def test_a_place_of_too_many_folders_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "SEARCH_FOLDERS", 5)
    for number in range(10):
        (tmp_path / str(number)).mkdir()
    with pytest.raises(TooManyFolders):
        folders(DirectoryBucket(tmp_path))


def test_names_are_sorted_into_chains_and_cut_to_the_time_asked(tmp_path: Path) -> None:
    bucket = DirectoryBucket(tmp_path)
    chain, other = (
        Chain("111111111111", "eu-west-1", "a_trail", "eu-west-1"),
        Chain("111111111111", "eu-west-1", "b", "us-east-1"),
    )
    days = [f"2026-03-{day:02}T{hour:02}:30:00Z" for day in (1, 2, 3) for hour in (0, 12, 23)]
    put(bucket, chain, *days)
    put(bucket, other, days[4])
    put(bucket, chain.of_backfill(), days[4])
    bucket.put("AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/2026/03/02/readme.txt", b"", Properties())
    folder = DigestFolder("", chain.folder)
    archive = FolderArchive(bucket, "")
    found = digests_in(archive, folder, EVER).by_chain
    assert [time for time, _ in found[chain]] == [parse_event_time(day) for day in days]
    assert {one: len(names) for one, names in found.items()} == {chain: 9, other: 1, chain.of_backfill(): 1}
    wanted = Wanted(
        parse_event_time("2026-03-02T00:30:00Z"), parse_event_time("2026-03-02T22:45:00Z"), "a_trail", "eu-west-1"
    )
    cut = digests_in(archive, folder, wanted)
    assert [time for time, _ in cut.by_chain[chain]] == [parse_event_time(day) for day in days[3:6]]
    assert other not in cut.by_chain
    assert cut.other_trails


def test_hashes_of_names_hold_what_was_added_alone() -> None:
    named = NamedFiles()
    assert "absent" not in named
    keys = [str(LogFileKey("111111111111", "eu-west-1", number * 60_000_000, "a" * 16)) for number in range(1000)]
    for key in keys[::2]:
        named.add(f"s3://b/{key}")
    assert [f"s3://b/{key}" in named for key in keys] == [True, False] * 500


def test_an_arn_says_where_a_trail_is_at_home() -> None:
    assert TrailName.parse("arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/my_trail") == TrailName(
        "cn-north-1", "111122223333", "my_trail"
    )
    for arn in ("", "arn:aws:cloudtrail:us-east-1:1234:trail/x", "arn:aws:s3:::bucket"):
        with pytest.raises(BadTrailArn):
            TrailName.parse(arn)
