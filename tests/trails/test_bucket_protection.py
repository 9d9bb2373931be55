"""What a bucket lacks is found and told once; what has gone is not told any longer."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from opentrail import limits
from opentrail.catalog.bucket_protection import BucketProtections
from opentrail.catalog.database import open_catalog
from opentrail.catalog.trails import Trail, Trails
from opentrail.clock import SettableClock
from opentrail.trails.bucket_protection import ProtectionLook
from opentrail.trails.clients import Clients
from opentrail.trails.protection_watch import ProtectionWatch

ACCOUNT = "123456789012"
LOCKED = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Look")


class Bucket:
    """Answers of S3 about one bucket."""

    def __init__(self) -> None:
        self.versioning: Any = {}
        self.lock: Any = refused("ObjectLockConfigurationNotFoundError")
        self.asked = 0

    def get_bucket_versioning(self, **_: str) -> Any:
        self.asked += 1
        if isinstance(self.versioning, Exception):
            raise self.versioning
        return self.versioning

    def get_object_lock_configuration(self, **_: str) -> Any:
        if isinstance(self.lock, Exception):
            raise self.lock
        return {"ObjectLockConfiguration": self.lock}


class Rig:
    def __init__(self, folder: Any, monkeypatch: Any) -> None:
        self.bucket = Bucket()
        self.clock = SettableClock()
        self.engine = open_catalog(folder / "catalog")
        self.trails = Trails(self.engine)
        self.known = BucketProtections(self.engine)
        clients = Clients(lambda *_: None)  # type: ignore[arg-type,return-value]
        monkeypatch.setattr(clients, "client", lambda *_: self.bucket)
        self.folders = folder / "folders"
        self.look = ProtectionLook(clients, self.folders)
        self.watch = ProtectionWatch(self.engine, self.look, self.clock)

    def trail(self, name: str = "audit", bucket: str = "logs") -> Any:
        arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}"
        made = Trail(arn=arn, name=name, account=ACCOUNT, home_region="us-east-1", bucket=bucket)
        return self.trails.create(made, 0)

    def missing(self) -> tuple[str, ...]:
        (found,) = self.known.all()
        return found.missing


@pytest.fixture
def rig(tmp_path, monkeypatch):
    made = Rig(tmp_path, monkeypatch)
    yield made
    made.engine.dispose()


@pytest.mark.parametrize(
    ("versioning", "lock", "missing"),
    [
        ({}, None, ("versioning", "mfa-delete", "object-lock")),
        ({"Status": "Suspended", "MFADelete": "Disabled"}, None, ("versioning", "mfa-delete", "object-lock")),
        ({"Status": "Enabled"}, None, ("mfa-delete", "object-lock")),
        ({"Status": "Enabled"}, {"ObjectLockEnabled": "Enabled"}, ("mfa-delete", "object-lock")),
        ({"Status": "Enabled"}, LOCKED, ("mfa-delete",)),
        ({"Status": "Enabled", "MFADelete": "Enabled"}, LOCKED, ()),
        (refused("NotImplemented"), refused("NotImplemented"), ("versioning", "mfa-delete", "object-lock")),
        (refused("AccessDenied"), None, ("unknown",)),
        ({}, refused("AccessDenied"), ("unknown",)),
    ],
)
def test_what_is_missing_is_named(rig, versioning, lock, missing):
    rig.bucket.versioning = versioning
    rig.bucket.lock = lock if lock is not None else rig.bucket.lock
    rig.trail()
    rig.watch.round()
    assert rig.missing() == missing
    (found,) = rig.known.all()
    assert len(found.warnings) == len(missing)
    assert all("logs" in text for text in found.warnings)
    assert rig.known.lacking() == {kind: int(kind in missing) for kind in rig.known.lacking()}


def test_a_lock_is_told_with_mode_and_time(rig):
    rig.bucket.lock = LOCKED
    assert rig.look.look(ACCOUNT, "us-east-1", "logs", 0).object_lock == "COMPLIANCE 365 days"


def test_a_folder_protects_nothing(rig):
    (rig.folders / "logs").mkdir(parents=True)
    assert rig.look.look(ACCOUNT, "us-east-1", "logs", 0).missing == ("versioning", "mfa-delete", "object-lock")
    assert rig.bucket.asked == 0


def test_a_bucket_is_looked_at_when_a_trail_changes_and_daily(rig):
    version = rig.trail()
    for _ in range(3):
        rig.watch.round()
    assert rig.bucket.asked == 1
    version = rig.trails.replace(version, version.trail, 1)
    rig.watch.round()
    rig.watch.round()
    assert rig.bucket.asked == 2
    rig.clock.advance(limits.PROTECTION_LOOK_SECONDS - 1)
    rig.watch.round()
    assert rig.bucket.asked == 2
    rig.clock.advance(1)
    rig.watch.round()
    assert rig.bucket.asked == 3
    again = ProtectionWatch(rig.engine, rig.look, rig.clock)
    again.round()
    assert rig.bucket.asked == 3, "a restart is no day"
    rig.trails.delete(version, version.trail, 2)
    rig.watch.round()
    assert rig.known.all() == []


def test_a_bucket_that_does_not_answer_is_asked_again_soon(rig):
    rig.bucket.versioning = EndpointConnectionError(endpoint_url="http://nowhere")
    rig.trail()
    rig.watch.round()
    assert rig.known.all() == []
    rig.bucket.versioning = {"Status": "Enabled"}
    rig.watch.round()
    assert rig.known.all() == []
    rig.clock.advance(limits.PROTECTION_RETRY_SECONDS)
    rig.watch.round()
    assert rig.missing() == ("mfa-delete", "object-lock")


def test_a_warning_is_told_once_and_again_where_more_is_missing(rig, capsys):
    rig.bucket.versioning, rig.bucket.lock = {"Status": "Enabled"}, LOCKED
    rig.trail()
    rig.watch.round()
    first = capsys.readouterr()
    assert (first.out + first.err).count("MFA delete is off") == 1
    rig.clock.advance(limits.PROTECTION_LOOK_SECONDS)
    rig.watch.round()
    assert "MFA" not in json.dumps(capsys.readouterr())
    rig.clock.advance(limits.PROTECTION_LOOK_SECONDS)
    rig.bucket.versioning = {"Status": "Suspended"}
    rig.watch.round()
    assert "versioning is off" in json.dumps(capsys.readouterr())
