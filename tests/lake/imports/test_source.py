"""What an import names: URIs and roles that are refused, prefixes and files that a range of time leaves."""

from datetime import date
from pathlib import Path

import pytest

from opentrail.lake.import_faults import InvalidImportSource
from opentrail.lake.imports.source import Dates, Source, is_digest, prefixes
from opentrail.objects.directory_bucket import DirectoryBucket
from tests.lake.imports.import_room import ACCOUNT, REGION, ROLE

ALWAYS = Dates(None, None)


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("s3://logs", "logs", ""),
        ("s3://logs/", "logs", ""),
        ("s3://my.logs-1/a/b", "my.logs-1", "a/b/"),
        ("s3://logs/AWSLogs/111122223333/CloudTrail/", "logs", "AWSLogs/111122223333/CloudTrail/"),
    ],
)
def test_uris(uri, bucket, prefix):
    source = Source.read(uri, REGION, ROLE, ACCOUNT)
    assert (source.bucket, source.prefix, source.role_name) == (bucket, prefix, "import")
    assert Source.bucket_of(uri) == f"s3://{bucket}/"


@pytest.mark.parametrize(
    "change",
    [
        {"uri": ""},
        {"uri": "logs"},
        {"uri": "https://logs.s3.amazonaws.com/"},
        {"uri": "s3://"},
        {"uri": "s3://Logs/"},
        {"uri": "s3://a..b/"},
        {"uri": "s3://../etc"},
        {"uri": "s3://logs/" + "x" * 2000},
        {"region": ""},
        {"region": "Europe"},
        {"role": ""},
        {"role": "import"},
        {"role": f"arn:aws:iam::{ACCOUNT}:user/import"},
        {"role": "arn:aws:iam::999988887777:role/import"},
        {"role": f"arn:aws:s3::{ACCOUNT}:role/import"},
    ],
)
def test_what_cannot_be_a_source(change):
    told = {"uri": "s3://logs/", "region": REGION, "role": ROLE, **change}
    with pytest.raises(InvalidImportSource):
        Source.read(told["uri"], told["region"], told["role"], ACCOUNT)


@pytest.fixture
def bucket(tmp_path: Path) -> DirectoryBucket:
    for account in ("111122223333", "o-exampleorg/444455556666"):
        for kind in ("CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight", "Config"):
            for day in ("2025/12/31", "2026/01/01", "2026/01/15", "2026/02/01"):
                folder = tmp_path / f"logs/p/AWSLogs/{account}/{kind}/{REGION}/{day}"
                folder.mkdir(parents=True)
                (folder / "x.json.gz").write_bytes(b"")
    (tmp_path / "logs/p/AWSLogs/vpcflow").mkdir()
    return DirectoryBucket(tmp_path / "logs")


BASE = f"p/AWSLogs/111122223333/CloudTrail/{REGION}/"
MEMBER = f"p/AWSLogs/o-exampleorg/444455556666/CloudTrail/{REGION}/"


@pytest.mark.parametrize(
    ("below", "dates", "days", "bases"),
    [
        ("p/", ALWAYS, ["2025/12/31", "2026/01/01", "2026/01/15", "2026/02/01"], [BASE, MEMBER]),
        ("p/AWSLogs/", Dates(date(2026, 1, 1), date(2026, 1, 31)), ["2026/01/01", "2026/01/15"], [BASE, MEMBER]),
        ("p/AWSLogs/o-exampleorg/", Dates(date(2026, 2, 1), None), ["2026/02/01"], [MEMBER]),
        ("p/AWSLogs/111122223333/", Dates(None, date(2025, 12, 31)), ["2025/12/31"], [BASE]),
        (f"{BASE}2026/", ALWAYS, ["2026/01/01", "2026/01/15", "2026/02/01"], [BASE]),
        (f"{BASE}2026/01/", Dates(date(2026, 1, 10), None), ["2026/01/15"], [BASE]),
        (f"{BASE}2026/01/15/", ALWAYS, ["2026/01/15"], [BASE]),
        (f"{BASE}2026/01/15/", Dates(date(2027, 1, 1), None), [], [BASE]),
    ],
)
def test_prefixes_are_days_of_the_range(bucket, below, dates, days, bases):
    assert list(prefixes(bucket, below, dates)) == [f"{base}{day}/" for base in bases for day in days]


def test_elsewhere_the_prefix_is_the_uri_s_own(bucket):
    assert list(prefixes(bucket, "p/AWSLogs/111122223333/Config/", ALWAYS)) == ["p/AWSLogs/111122223333/Config/"]
    assert list(prefixes(bucket, "nothing/", ALWAYS)) == ["nothing/"]
    assert list(prefixes(bucket, "", ALWAYS)) == [""], "where AWSLogs/ lies deeper, the URI has to say where"


@pytest.mark.parametrize("parts", ["2026/13/01", "2026/02/30", "0000/01/01", "99999/01/01"])
def test_folders_of_no_day_are_imported(tmp_path, parts):
    folder = tmp_path / BASE / parts
    folder.mkdir(parents=True)
    assert list(prefixes(DirectoryBucket(tmp_path), "p/", Dates(date(2026, 1, 1), None))) == [f"{BASE}{parts}/"]


def test_names_of_files():
    dates = Dates(date(2026, 1, 2), date(2026, 1, 3))
    named = f"{BASE}2026/01/0{{0}}/111122223333_CloudTrail_{REGION}_2026010{{0}}T0000Z_{'a' * 16}.json.gz"
    assert [dates.has_file(named.format(day)) for day in (1, 2, 3, 4)] == [False, True, True, False]
    assert dates.has_file("copies/whatever.gz")
    assert is_digest(f"AWSLogs/1/CloudTrail-Digest/{REGION}/x.json.gz")
    assert is_digest("copies/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260101T000000Z.json.gz")
    assert not is_digest(named.format(1))
