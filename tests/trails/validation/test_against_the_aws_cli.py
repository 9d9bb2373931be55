"""The AWS CLI and `opentrail validate` on the same buckets: what one sees the other sees, and ours sees more."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from opentrail.logfile.keys import Chain
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3Access
from tests.objects.seaweedfs import KEY, client, seaweedfs
from tests.trails.validation.cloudtrail_stand_in import StandIn, cloudtrail_stand_in
from tests.trails.validation.judges import Said, aws_cli, environment, kinds, opentrail, report
from tests.trails.validation.made_trails import ACCOUNT, BUCKET, REGION, TRAIL, MadeChain, key_pair, trail_arn
from tests.trails.validation.tampering import CASES, HOURS, LISTED_KEY, SECOND_KEY, Expected

START, END = "2026-03-02T09:00:00Z", "2026-03-02T23:00:00Z"
TIMES = ("--start-time", START, "--end-time", END)


@dataclass
class Rig:
    bucket: S3Bucket
    stand_in: StandIn
    env: dict[str, str]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url, cloudtrail_stand_in() as stand_in:
        stand_in.keys = [key_pair(number).published for number in (LISTED_KEY, SECOND_KEY)]
        for name in (BUCKET, "older-logs"):
            client(url).create_bucket(Bucket=name)
        access = S3Access(url, REGION, KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"])
        yield Rig(S3Bucket(BUCKET, access), stand_in, environment(url, stand_in.url))


@dataclass
class Judged:
    expected: Expected
    aws: Said


@pytest.fixture(scope="module")
def matrix(rig: Rig) -> dict[str, Judged]:
    """Every case under a prefix of its name, judged by the AWS CLI in one process."""
    expected = {}
    for name, tamper in CASES.items():
        chain = Chain(ACCOUNT, REGION, TRAIL, REGION, prefix=name)
        expected[name] = tamper(MadeChain(rig.bucket, chain).hours(HOURS))
    runs = [("--trail-arn", trail_arn(), *TIMES, "--s3-bucket", BUCKET, "--s3-prefix", name) for name in CASES]
    said = aws_cli(rig.env, runs)
    return {name: Judged(expected[name], one) for name, one in zip(CASES, said, strict=True)}


def urls(verdicts: dict[str, str]) -> dict[str, str]:
    return {f"s3://{BUCKET}/{key}": verdict for key, verdict in verdicts.items()}


@pytest.mark.parametrize("name", CASES)
def test_both_say_what_was_touched(name: str, rig: Rig, matrix: dict[str, Judged]) -> None:
    expected, aws = matrix[name].expected, matrix[name].aws
    options = ("--trail-arn", trail_arn(), *TIMES, "--s3-bucket", BUCKET, "--s3-prefix", name, "--region", REGION)
    ours = opentrail(rig.env, *options)
    assert aws.invalid == urls(expected.both), aws.text
    more = {url: said for url, said in urls(expected.ours).items() if said != "orphan"}
    assert ours.invalid == {**urls(expected.both), **{url: said for url, said in more.items() if said != "valid"}}
    # Of what stands in a digest that we alone disbelieve, the CLI goes on to judge log files.
    assert {**aws.verdicts, **more} == {**ours.verdicts, **more}, ours.text
    assert ours.stopped >= aws.stopped
    assert (ours.status, aws.status) == (
        expected.status,
        expected.status if expected.theirs is None else expected.theirs,
    )
    if not more:
        assert ours.ratios == aws.ratios
    if expected.kinds:
        found = kinds(report(rig.env, *options))
        assert {kind: found.get(kind, 0) for kind in expected.kinds} == expected.kinds


def test_every_gap_and_orphan_is_told_and_nothing_of_an_untouched_trail(rig: Rig, matrix: dict[str, Judged]) -> None:
    whole = report(rig.env, f"s3://{BUCKET}/untouched", *TIMES[:2], "--end-time", "2026-03-02T15:00:00Z")
    assert (whole["valid"], whole["findings"]) == (True, [])
    two = report(rig.env, f"s3://{BUCKET}/two-digests-deleted/", *TIMES)
    (gap,) = [one for one in two["findings"] if one["kind"] == "gap-missing"]  # type: ignore[attr-defined]
    assert (gap["from"], gap["to"]) == ("2026-03-02T11:12:00Z", "2026-03-02T13:12:00Z")
    assert gap["detail"] == "about 2 digest files are gone"
    inserted = report(rig.env, f"s3://{BUCKET}/log-inserted/", *TIMES)
    (orphan,) = [one for one in inserted["findings"] if one["kind"] == "orphan"]  # type: ignore[attr-defined]
    (key,) = matrix["log-inserted"].expected.ours
    assert orphan["file"] == f"s3://{BUCKET}/{key}"
    removed = opentrail(rig.env, f"s3://{BUCKET}/signature-removed/", *TIMES)
    assert "by which the content is genuine" in removed.text


def test_a_whole_bucket_is_validated_at_once(rig: Rig, matrix: dict[str, Judged]) -> None:
    """All prefixes, each a place of its own; their sum is the sum of all cases."""
    answer = report(rig.env, f"s3://{BUCKET}", *TIMES)
    chains = answer["chains"]
    assert isinstance(chains, list)
    assert {chain["prefix"] for chain in chains} == set(CASES)
    assert answer["exitStatus"] == 1
    expected = sum(judged.aws.ratios["digest"][1] for judged in matrix.values())
    digests = answer["digests"]
    assert isinstance(digests, dict)
    assert digests["valid"] + digests["invalid"] == expected + 1  # the stray one, which the CLI walks past


@pytest.mark.parametrize("start", ["2026-03-02T09:12:00Z", "2026-03-02T10:30:00Z", "2026-03-02T11:12:00Z"])
@pytest.mark.parametrize("end", ["2026-03-02T11:11:00Z", "2026-03-02T12:12:00Z", "2026-03-02T12:30:00Z"])
def test_a_time_asked_for_means_the_same_digests(rig: Rig, matrix: dict[str, Judged], start: str, end: str) -> None:
    if start > end:
        pytest.skip("no such time")
    options = ("--trail-arn", trail_arn(), "--start-time", start, "--end-time", end, "--s3-bucket", BUCKET)
    (aws,) = aws_cli(rig.env, [(*options, "--s3-prefix", "untouched")])
    ours = opentrail(rig.env, *options, "--s3-prefix", "untouched")
    assert (ours.verdicts, ours.status) == (aws.verdicts, aws.status)
    found = [line for line in aws.text.splitlines() if line.startswith("Results")]
    assert [line for line in ours.text.splitlines() if line.startswith("Results")] == found


def test_regions_are_validated_together_or_alone(rig: Rig) -> None:
    regions = ("us-east-1", "eu-west-1", "ap-southeast-2")
    for number, region in enumerate(regions):
        chain = Chain(ACCOUNT, region, TRAIL, REGION, prefix="regions")
        MadeChain(rig.bucket, chain).hours(2, number)
    options = ("--trail-arn", trail_arn(), *TIMES, "--s3-bucket", BUCKET, "--s3-prefix", "regions")
    together = opentrail(rig.env, *options)
    assert together.ratios == {"digest": (6, 6), "log": (6, 6)}
    for said, region in zip(
        aws_cli(rig.env, [(*options, "--region", region) for region in regions]), regions, strict=True
    ):
        alone = opentrail(rig.env, *options, "--region", region)
        assert (alone.verdicts, alone.ratios) == (said.verdicts, said.ratios)
        assert together.verdicts.items() >= said.verdicts.items()


def test_a_trail_is_found_by_its_arn_and_an_organization_s_by_account(rig: Rig) -> None:
    organization = "o-exampleorg"
    accounts = (ACCOUNT, "210987654321")
    for account in accounts:
        MadeChain(rig.bucket, Chain(account, REGION, "all", REGION, "org/deep", organization)).hours(2, 1)
    rig.stand_in.trails = [
        {"TrailARN": trail_arn(name="other"), "S3BucketName": "elsewhere"},
        {
            "TrailARN": trail_arn(name="all"),
            "S3BucketName": BUCKET,
            "S3KeyPrefix": "org/deep",
            "IsOrganizationTrail": True,
        },
    ]
    options = ("--trail-arn", trail_arn(name="all"), *TIMES)
    (aws,) = aws_cli(rig.env, [(*options, "--account-id", accounts[1])])
    assert aws.ratios == {"digest": (2, 2), "log": (2, 2)}, aws.text
    ours = opentrail(rig.env, *options, "--account-id", accounts[1])
    assert (ours.verdicts, ours.status) == (aws.verdicts, 0)
    assert opentrail(rig.env, *options).ratios == {"digest": (4, 4), "log": (4, 4)}


def test_a_chain_is_followed_into_the_bucket_it_came_from(rig: Rig) -> None:
    older = S3Bucket("older-logs", client=client(rig.env["AWS_ENDPOINT_URL_S3"]))
    chain = Chain(ACCOUNT, REGION, TRAIL, REGION, prefix="moved")
    made = MadeChain(older, chain, bucket_name="older-logs").hours(3)
    made.bucket, made.bucket_name = rig.bucket, BUCKET
    made.hours(2)
    options = ("--trail-arn", trail_arn(), *TIMES, "--s3-bucket", BUCKET, "--s3-prefix", "moved")
    (aws,) = aws_cli(rig.env, [options])
    ours = opentrail(rig.env, *options)
    assert (ours.verdicts, ours.ratios, ours.status) == (aws.verdicts, aws.ratios, 0)
    assert ours.ratios == {"digest": (5, 5), "log": (10, 10)}
