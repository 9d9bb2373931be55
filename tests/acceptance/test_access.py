"""Policies in the real program: a held user at the API, a guarded bucket, and the events of what was refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import Program
from tests.objects.seaweedfs import KEY, seaweedfs

pytestmark = pytest.mark.acceptance

ACCOUNT = "111122223333"
ROOT = {"key": "AKIAEXAMPLEROOT00001", "secret": "roots-secret"}
DANA = {"key": "AKIAEXAMPLEDANA00001", "secret": "danas-secret"}
CONFIG = """
[server]
port = {port}
console_port = {console_port}
account = "{account}"

[[upstream]]
name = "store"
url = "{store}"
services = ["s3"]
access_key_id = "{store_key}"
secret_access_key = "{store_secret}"
region = "us-east-1"
policies = ["guard.json"]

[[principal]]
access_key_id = "AKIAEXAMPLEROOT00001"
secret_access_key = "roots-secret"

[[principal]]
access_key_id = "AKIAEXAMPLEDANA00001"
secret_access_key = "danas-secret"
user = "dana"
policies = ["auditor.json"]
"""
AUDITOR = {"Effect": "Allow", "Action": ["cloudtrail:LookupEvents", "cloudtrail:Get*"], "Resource": "*"}
GUARD = {
    "Effect": "Deny",
    "Action": ["s3:DeleteBucket", "s3:DeleteObject"],
    "Resource": ["arn:aws:s3:::audit", "arn:aws:s3:::audit/*"],
}


def _refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_held_user_and_a_guarded_bucket(tmp_path: Path) -> None:
    for name, statement in (("auditor", AUDITOR), ("guard", GUARD)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    with seaweedfs(tmp_path) as store:
        program = Program(tmp_path / "opentrail", config=tmp_path / "opentrail.toml")
        (tmp_path / "opentrail.toml").write_text(
            CONFIG.format(
                port=program.port,
                console_port=program.console_port,
                account=ACCOUNT,
                store=store,
                store_key=KEY["AWS_ACCESS_KEY_ID"],
                store_secret=KEY["AWS_SECRET_ACCESS_KEY"],
            )
        )
        program.start()
        s3, trail = program.client("s3", **ROOT), program.client("cloudtrail", **DANA)
        s3.create_bucket(Bucket="audit")
        s3.put_object(Bucket="audit", Key="kept", Body=b"x")
        assert _refused(s3.delete_object, Bucket="audit", Key="kept")[0] == "AccessDenied"
        assert _refused(s3.delete_bucket, Bucket="audit")[0] == "AccessDenied"
        assert s3.get_object(Bucket="audit", Key="kept")["Body"].read() == b"x"
        code, message = _refused(trail.stop_logging, Name="audit")
        assert (code, message) == (
            "AccessDeniedException",
            f"User: arn:aws:iam::{ACCOUNT}:user/dana is not authorized to perform: cloudtrail:StopLogging on resource: "
            f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit because no identity-based policy allows the "
            "cloudtrail:StopLogging action",
        )
        assert program.client("cloudtrail", **ROOT).describe_trails()["trailList"] == []
        seen = [json.loads(event["CloudTrailEvent"]) for event in trail.lookup_events()["Events"]]
        errors = {event["eventName"]: event.get("errorCode") for event in seen}
        assert errors["StopLogging"] == errors["DeleteBucket"] == "AccessDenied"
        assert program.stop() == 0, "".join(program.output[-40:])
