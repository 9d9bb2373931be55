"""Varied records for tests of segments and history: the same for the same seed."""

import json
import random
import uuid
from pathlib import Path

from opentrail.journal.entries import Batch, Entries
from opentrail.record.envelope import envelope
from opentrail.record.faults import BadRecord
from opentrail.record.times import format_event_time
from opentrail.record.view import view
from opentrail.segments.attributes import (
    ACCESS_KEY_ID,
    EVENT_ID,
    EVENT_NAME,
    EVENT_SOURCE,
    READ_ONLY,
    RESOURCE_NAME,
    RESOURCE_TYPE,
    USERNAME,
    Answers,
    answers,
    class_of,
)

START_US = 1_772_619_331_000_000  # 2026-03-04T10:15:31Z
SECOND_US = 1_000_000
ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("us-east-1", "eu-west-1")
CALLS = (
    ("iam.amazonaws.com", "CreateUser", False, "Management"),
    ("iam.amazonaws.com", "ListUsers", True, "Management"),
    ("s3.amazonaws.com", "CreateBucket", False, "Management"),
    ("s3.amazonaws.com", "GetObject", True, "Data"),
    ("ec2.amazonaws.com", "RunInstances", False, "Management"),
    ("cloudtrail.amazonaws.com", "LookupEvents", True, "Management"),
)


def record(rng: random.Random, time_us: int) -> bytes:
    """One record; every 40th is an Insights event, some lack fields."""
    event_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    stamp = time_text(time_us)
    account, region = rng.choice(ACCOUNTS), rng.choice(REGIONS)
    if rng.random() < 0.025:
        return line(
            eventVersion="1.11",
            eventTime=stamp,
            awsRegion=region,
            eventID=event_id,
            eventType="AwsCloudTrailInsight",
            recipientAccountId=account,
            insightDetails={"state": "Start", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser"},
            eventCategory="Insight",
        )
    source, name, reads, category = rng.choice(CALLS)
    user = f"user{rng.randrange(12)}"
    identity = {
        "type": "IAMUser",
        "principalId": f"AIDA{user.upper()}",
        "arn": f"arn:aws:iam::{account}:user/{user}",
        "accountId": account,
        "accessKeyId": f"AKIA{rng.randrange(20):016d}",
        "userName": user,
    }
    parameters = {
        "CreateUser": {"userName": f"new{rng.randrange(30)}"},
        "CreateBucket": {"bucketName": f"bucket{rng.randrange(10)}"},
        "GetObject": {"bucketName": f"bucket{rng.randrange(10)}", "key": f"k/{rng.random()}"},
        "RunInstances": {"subnetId": f"subnet-{rng.randrange(5)}"},
    }.get(name)
    return line(
        eventVersion="1.11",
        userIdentity=identity if rng.random() < 0.95 else {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
        eventTime=stamp,
        eventSource=source,
        eventName=name,
        awsRegion=region,
        sourceIPAddress=f"203.0.113.{rng.randrange(9)}",
        userAgent="aws-cli/2.30.0",
        requestParameters=parameters,
        responseElements=None,
        eventID=event_id,
        readOnly=reads,
        eventType="AwsApiCall",
        managementEvent=category == "Management",
        recipientAccountId=account,
        eventCategory=category,
    )


def line(**fields: object) -> bytes:
    """A record as one line of compact JSON."""
    return json.dumps(fields, separators=(",", ":")).encode()


def time_text(time_us: int) -> str:
    """As records write it."""
    return format_event_time(time_us)


def entries_of(raws: list[bytes]) -> Entries:
    """The journal's entries of raw records."""
    made = Entries.empty()
    for raw in raws:
        said = envelope(view(raw), "999999999999")
        made.accounts.append(said.account)
        made.regions.append(said.region)
        made.categories.append(said.category)
        made.times_us.append(said.time_us)
        made.event_ids.append(said.event_id)
        made.bodies.append(raw)
    return made


def made_entries(count: int, seed: int = 1, start_us: int = START_US, spread_s: int = 40) -> Entries:
    """`count` events, about ten a second from `start_us` on, up to `spread_s` seconds early or late."""
    rng = random.Random(seed)
    raws = []
    for number in range(count):
        late = rng.randrange(-spread_s, spread_s + 1)
        raws.append(record(rng, start_us + (number // 10 + late) * SECOND_US))
    return entries_of(raws)


def batch_of(entries: Entries, first: int = 1, origin: str = "live", appended_at_us: int = START_US) -> Batch:
    """A batch as the journal gives it."""
    return Batch(first=first, origin=origin, appended_at_us=appended_at_us, entries=entries)


class Oracle:
    """Answers look-ups by looking at everything: one row for each event, by position."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, str, str, str, str, Answers]] = []
        self.bodies: dict[int, bytes] = {}

    def add(self, entries: Entries, first: int) -> None:
        for index, raw in enumerate(entries.bodies):
            category = entries.categories[index]
            self._rows.append(
                (
                    entries.times_us[index],
                    first + index,
                    entries.accounts[index],
                    entries.regions[index],
                    class_of(category),
                    entries.event_ids[index],
                    answers(view(raw), category),
                )
            )
            self.bodies[first + index] = raw

    def positions(
        self,
        account: str,
        region: str,
        attribute: tuple[str, str] | None = None,
        category: str = "Management",
        start_us: int | None = None,
        end_us: int | None = None,
    ) -> list[int]:
        """Positions of the answer, newest first."""
        found = [
            (time_us, position)
            for time_us, position, its_account, its_region, its_class, event_id, said in self._rows
            if (its_account, its_region, its_class) == (account, region, category)
            and (start_us is None or time_us >= start_us)
            and (end_us is None or time_us <= end_us)
            and (attribute is None or _holds(said, event_id, *attribute))
        ]
        return [position for _, position in sorted(found, reverse=True)]

    def values(self, account: str, region: str, category: str = "Management") -> dict[str, set[str]]:
        """Every value of every attribute in a scope."""
        out: dict[str, set[str]] = {}
        for _, _, its_account, its_region, its_class, event_id, said in self._rows:
            if (its_account, its_region, its_class) != (account, region, category):
                continue
            for attribute, value in (
                (EVENT_ID, event_id),
                (EVENT_NAME, said.event_name),
                (EVENT_SOURCE, said.event_source),
                (READ_ONLY, said.read_only),
                (USERNAME, said.username),
                (ACCESS_KEY_ID, said.access_key_id),
                *((RESOURCE_TYPE, kind) for kind, _ in said.resources),
                *((RESOURCE_NAME, name) for _, name in said.resources),
            ):
                if value is not None:
                    out.setdefault(attribute, set()).add(value)
        return out

    def scopes(self) -> list[tuple[str, str, str]]:
        return sorted({(row[2], row[3], row[4]) for row in self._rows})


def _holds(said: Answers, event_id: str, attribute: str, value: str) -> bool:
    if attribute == EVENT_ID:
        return event_id == value
    single = {
        EVENT_NAME: said.event_name,
        EVENT_SOURCE: said.event_source,
        READ_ONLY: said.read_only,
        USERNAME: said.username,
        ACCESS_KEY_ID: said.access_key_id,
    }
    if attribute in single:
        return single[attribute] == value
    return any(value == (kind if attribute == RESOURCE_TYPE else name) for kind, name in said.resources)


def sample_records(folder: Path) -> list[bytes]:
    """Every record of the sample data that has an envelope."""
    raws = []
    for file in sorted(folder.glob("records/*.jsonl")):
        for raw in file.read_bytes().splitlines():
            if raw.strip():
                try:
                    envelope(view(raw), "999999999999")
                except BadRecord:
                    continue
                raws.append(raw)
    return raws
