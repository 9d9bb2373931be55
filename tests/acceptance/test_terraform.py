"""Terraform makes a trail and event data stores with everything, changes them in place, and takes them away again.

The AWS provider has to be on the machine as a filesystem mirror: OPENTRAIL_TERRAFORM_PLUGINS names its folder (the one
that holds `registry.terraform.io`). Where it is not, the test is skipped.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import REGION, Program

pytestmark = pytest.mark.acceptance

MIRROR = "OPENTRAIL_TERRAFORM_PLUGINS"
NO_CHANGES, CHANGES = 0, 2  # exit status of `plan -detailed-exitcode`
SECONDS = 300


class Terraform:
    """The real binary in a folder of its own, with the provider from the mirror and nothing from the network."""

    def __init__(self, folder: Path, mirror: Path, program: Program) -> None:
        shutil.copytree(Path(__file__).parent / "terraform", folder)
        configuration = folder / "cli.tfrc"
        configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        self._folder = folder
        self._environment = {
            **program.environment(),
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_VAR_endpoint": program.endpoint,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        self.run("init")

    def run(self, *arguments: str, statuses: tuple[int, ...] = (0,)) -> int:
        command = ["terraform", arguments[0], "-no-color", "-input=false", *arguments[1:]]
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode in statuses, done.stdout[-4000:] + done.stderr[-4000:]
        return done.returncode

    def plan(self, *arguments: str) -> int:
        return self.run("plan", "-detailed-exitcode", *arguments, statuses=(NO_CHANGES, CHANGES))


@pytest.fixture
def terraform(sandbox: Program, tmp_path: Path) -> Terraform:
    mirror = os.environ.get(MIRROR)
    if not mirror or not Path(mirror).is_dir():
        pytest.skip(f"{MIRROR} names no mirror of Terraform providers")
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on the path")
    return Terraform(tmp_path / "terraform", Path(mirror), sandbox)


def test_trails_and_stores_from_creation_to_destruction(terraform: Terraform, sandbox: Program) -> None:
    trails = sandbox.client("cloudtrail")
    terraform.run("apply", "-auto-approve")
    trail = trails.get_trail(Name="terraformed")["Trail"]
    assert trail["HasCustomEventSelectors"] and trail["HasInsightSelectors"] and trail["LogFileValidationEnabled"]
    assert trail["HomeRegion"] == REGION and "KmsKeyId" in trail and "CloudWatchLogsLogGroupArn" in trail
    assert trails.get_trail_status(Name="terraformed")["IsLogging"] is True
    tags = trails.list_tags(ResourceIdList=[trail["TrailARN"]])["ResourceTagList"][0]["TagsList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "platform", "stage": "full"}
    _check_whole_store(trails)
    assert terraform.plan() == NO_CHANGES

    lean = ("-var", "lean=true")
    terraform.run("apply", "-auto-approve", *lean)
    changed = trails.get_trail(Name="terraformed")["Trail"]
    assert changed["TrailARN"] == trail["TrailARN"] and not changed["LogFileValidationEnabled"]
    assert not changed["HasInsightSelectors"]
    assert not {"KmsKeyId", "SnsTopicARN", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"} & set(changed)
    selectors = trails.get_event_selectors(TrailName="terraformed")
    assert [one["Name"] for one in selectors["AdvancedEventSelectors"]] == ["objects of others"]
    stores = _stores(trails)
    assert set(stores) == {"whole", "plain"}
    lean_store = stores["whole"]
    assert [one["Name"] for one in lean_store["AdvancedEventSelectors"]] == ["all of IAM"]
    assert (lean_store["Status"], lean_store["RetentionPeriod"]) == ("STOPPED_INGESTION", 30)
    assert lean_store["MultiRegionEnabled"] is False
    assert terraform.plan(*lean) == NO_CHANGES

    terraform.run("destroy", "-auto-approve", *lean)
    with pytest.raises(ClientError) as gone:
        trails.get_trail(Name="terraformed")
    assert gone.value.response["Error"]["Code"] == "TrailNotFoundException"
    assert {store["Status"] for store in _stores(trails).values()} == {"PENDING_DELETION"}


def _stores(trails: Any) -> dict[str, Any]:
    listed = trails.list_event_data_stores()["EventDataStores"]
    found = [trails.get_event_data_store(EventDataStore=one["EventDataStoreArn"]) for one in listed]
    return {store["Name"]: store for store in found}


def _check_whole_store(trails: Any) -> None:
    stores = _stores(trails)
    assert set(stores) == {"whole", "plain"}
    store = stores["whole"]
    assert (store["Status"], store["RetentionPeriod"], store["BillingMode"]) == (
        "ENABLED",
        90,
        "FIXED_RETENTION_PRICING",
    )
    assert store["KmsKeyId"].startswith("arn:aws:kms:")
    fields = store["AdvancedEventSelectors"][0]["FieldSelectors"]
    assert {field["Field"] for field in fields} == {"eventCategory", "eventSource", "readOnly"}
    tags = trails.list_tags(ResourceIdList=[store["EventDataStoreArn"]])["ResourceTagList"][0]["TagsList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "platform", "stage": "full"}
