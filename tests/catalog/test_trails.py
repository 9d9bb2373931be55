"""Versions of trails: which one judges which events, what a name means, and that rivals do not overwrite each other."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_selectors import (
    AdvancedSelector,
    Aggregation,
    DataResource,
    FieldSelector,
    InsightSelector,
    Selectors,
)
from opentrail.catalog.tags import Tag, Tags
from opentrail.catalog.trails import NameTaken, Trail, Trails
from opentrail.catalog.versions import ChangedMeanwhile

ACCOUNT = "123456789012"


def made(name: str = "audit", region: str = "eu-west-1", account: str = ACCOUNT) -> Trail:
    return Trail(
        arn=f"arn:aws:cloudtrail:{region}:{account}:trail/{name}",
        name=name,
        account=account,
        home_region=region,
        bucket="bucket",
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_catalog(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def trails(engine: Engine) -> Trails:
    return Trails(engine)


def test_a_trail_comes_back_as_it_was_kept(trails: Trails) -> None:
    field = FieldSelector("eventCategory", equals=("Data",))
    whole = msgspec.structs.replace(
        made(),
        prefix="audit",
        sns_topic_arn="arn:aws:sns:eu-west-1:123456789012:t",
        include_global=False,
        multi_region=True,
        validation=True,
        kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/1",
        recursive_logging=False,
        selectors=Selectors(advanced=(AdvancedSelector((field,), "n"),)),
        insight_selectors=(InsightSelector("ApiCallRateInsight", ("Data",)),),
        aggregations=(Aggregation("Data", ("API_ACTIVITY",)),),
        logging=True,
        created_at_us=5,
        started_at_us=6,
        stopped_at_us=4,
    )
    made_version = trails.create(whole, 7)
    assert trails.find(whole.arn) == made_version
    assert made_version.trail == whole
    assert (made_version.version, made_version.from_position, made_version.deleted) == (1, 7, False)
    assert DataResource("AWS::S3::Object", ("arn:aws:s3",)) == msgspec.convert(
        {"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}, DataResource
    )


def test_each_change_is_a_version_of_its_own(trails: Trails) -> None:
    first = trails.create(made(), 10)
    second = trails.replace(first, msgspec.structs.replace(first.trail, logging=True), 20)
    assert trails.find(first.trail.arn) == second
    assert trails.all_versions() == [first, second]
    assert (second.version, second.from_position) == (2, 20)


def test_the_last_of_two_changes_of_one_version_is_refused(trails: Trails) -> None:
    first = trails.create(made(), 10)
    trails.replace(first, first.trail, 20)
    with pytest.raises(ChangedMeanwhile):
        trails.replace(first, first.trail, 21)
    with pytest.raises(ChangedMeanwhile):
        trails.delete(first, first.trail, 21)
    assert len(trails.all_versions()) == 2


def test_a_name_is_taken_until_its_trail_is_deleted(trails: Trails) -> None:
    first = trails.create(made(), 1)
    with pytest.raises(NameTaken):
        trails.create(made(), 2)
    last = trails.delete(first, first.trail, 3)
    assert last.deleted and trails.find(first.trail.arn) is None
    again = trails.create(made(), 4)
    assert again.trail_id != first.trail_id
    assert trails.find(first.trail.arn) == again
    assert trails.all_versions() == [first, last, again]
    with pytest.raises(ChangedMeanwhile):
        trails.delete(last, last.trail, 5)


def test_a_deleted_trail_stays_until_it_is_closed(trails: Trails) -> None:
    first = trails.create(made(), 1)
    trails.close(first.trail_id)
    assert trails.all_versions() == [first]
    trails.delete(first, first.trail, 3)
    trails.close(first.trail_id)
    assert trails.all_versions() == []


def test_versions_that_judge_nothing_any_more_can_go_but_never_the_newest(trails: Trails) -> None:
    first = trails.create(made(), 1)
    second = trails.replace(first, first.trail, 2)
    third = trails.replace(second, first.trail, 3)
    trails.forget_versions(first.trail_id, [2])
    assert trails.all_versions() == [first, third]
    trails.forget_versions(first.trail_id, [1, 2, 3, 9])
    assert trails.all_versions() == [third]


def test_every_change_shows_in_the_number_of_changes(trails: Trails) -> None:
    seen = [trails.newest_change()]
    first = trails.create(made(), 1)
    seen.append(trails.newest_change())
    second = trails.replace(first, first.trail, 2)
    seen.append(trails.newest_change())
    trails.delete(second, first.trail, 3)
    seen.append(trails.newest_change())
    trails.close(first.trail_id)
    trails.create(made(), 4)
    seen.append(trails.newest_change())
    assert len(set(seen)) == len(seen)
    assert trails.newest_change() == seen[-1]


def test_an_account_has_its_own_trails(trails: Trails) -> None:
    ours = [trails.create(made(name, region), 0) for region in ("eu-west-1", "us-east-1") for name in ("a", "b")]
    trails.create(made(account="111122223333"), 0)
    assert trails.of_account(ACCOUNT) == ours


def test_tags_come_with_a_trail_and_go_with_it(engine: Engine, trails: Trails) -> None:
    tags = Tags(engine)
    first = trails.create(made(), 0, [Tag("a", "1"), Tag("b")])
    tags.add(first.trail.arn, [Tag("a", "2"), Tag("c", "")])
    assert tags.of(first.trail.arn) == (Tag("a", "2"), Tag("b"), Tag("c", ""))
    tags.remove(first.trail.arn, ["b", "nothing"])
    assert tags.of(first.trail.arn) == (Tag("a", "2"), Tag("c", ""))
    trails.delete(first, first.trail, 1)
    assert tags.of(first.trail.arn) == ()
