"""`opentrail init` and its kin on folders of every past: new, used before, made already, cut off halfway."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from opentrail.accounts.folder_keys import open_folder_keys
from opentrail.clock import SystemClock
from opentrail.errors import OpenTrailError
from opentrail.journal import Entries, Journal
from opentrail.journal.check import check
from opentrail.server.administering import NotInitialised, administering, home_account
from opentrail.server.cli import command_line
from opentrail.server.commands.init import AlreadyInitialised
from opentrail.server.commands.principal_options import NeitherOrBoth
from opentrail.server.data_folder import DataFolder
from opentrail.server.settings import SANDBOX_ACCOUNT, BadSettings, Principal, Server, Settings
from opentrail.server.settings_reading import with_home_account


def run(folder: DataFolder, *arguments: str) -> str:
    """What the command prints; raises what it raises."""
    asked = [*arguments, "--data-dir", str(folder.root)]
    done = CliRunner().invoke(command_line(arguments[0]), asked)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


def records(folder: DataFolder) -> list[dict[str, Any]]:
    sealer = open_folder_keys(folder.secrets).sealer
    with Journal.open(folder.journal, SystemClock(), read_only=True, sealer=sealer) as journal:
        return [json.loads(body) for batch in journal.read(0, 1000) for body in batch.entries.bodies]


def test_a_new_folder_has_one_account_and_its_root(folder: DataFolder) -> None:
    told = json.loads(run(folder, "init", "--account", "000000000001", "--json"))
    assert home_account(folder) == told["account"] == "000000000001"
    with pytest.raises(AlreadyInitialised, match="000000000001"):
        run(folder, "init")
    listed = json.loads(run(folder, "principals", "list", "--json"))
    keys = [{"accessKeyId": told["accessKeyId"], "user": None, "status": "Active"}]
    assert [(entry["id"], entry["keys"], entry["users"]) for entry in listed] == [("000000000001", keys, [])]
    assert told["secretAccessKey"] not in json.dumps(records(folder))


def test_a_folder_that_was_used_keeps_its_events_and_its_root_key(folder: DataFolder) -> None:
    folder.create()
    root = open_folder_keys(folder.secrets).root
    with Journal.open(folder.journal, SystemClock()) as journal:
        journal.append(Entries.one("1", "r", "Management", 1, "id", b'{"eventName":"Before"}'), "live")
    run(folder, "init")
    keys = open_folder_keys(folder.secrets)
    assert keys.root == root and (folder.secrets / "master.key").read_bytes() != root
    assert [record["eventName"] for record in records(folder)] == [
        "Before", "CreateAccount", "InitializeDataFolder", "CreateAccessKey",
    ]  # fmt: skip
    assert check(folder.journal, keys.sealer).whole and not check(folder.journal).whole


def test_an_init_that_was_cut_off_is_done_again(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> None:
        raise OpenTrailError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr("opentrail.accounts.administration.accounts.AccountChanges.make_management", cut)
        with pytest.raises(OpenTrailError, match="cut off"):
            run(folder, "init")
    root = open_folder_keys(folder.secrets).root
    run(folder, "init")
    assert open_folder_keys(folder.secrets).root == root and home_account(folder) is not None


def test_an_event_says_who_changed_what_and_that_no_signature_proves_it(folder: DataFolder) -> None:
    run(folder, "init")
    run(folder, "principals", "add-user", "dana", "--path", "/ops/")
    record = next(one for one in records(folder) if one["eventName"] == "CreateUser")
    assert record["userIdentity"]["type"] == "Unknown" and "@" in record["userIdentity"]["userName"]
    assert record["userAgent"].endswith("principals add-user") and record["eventType"] == "AwsApiCall"
    assert record["requestParameters"] == {"path": "/ops/", "userName": "dana"}
    made = record["responseElements"]["user"]
    assert made["createDate"].endswith("M") and made["arn"].endswith(":user/ops/dana")
    own = next(one for one in records(folder) if one["eventName"] == "InitializeDataFolder")
    assert (own["eventSource"], own["eventType"]) == ("opentrail.local", "AwsServiceEvent")


def test_a_folder_without_principals_has_none_to_change(folder: DataFolder) -> None:
    for command in (["principals", "list"], ["principals", "add-user", "x"], ["master-key", "show"]):
        with pytest.raises(NotInitialised):
            run(folder, *command)
    with pytest.raises(NotInitialised), administering(folder, "test"):
        pass
    assert home_account(folder) is None and not folder.root.exists()


def test_the_master_key_moves_and_stays_untold(folder: DataFolder, tmp_path: Path) -> None:
    run(folder, "init")
    shown = run(folder, "master-key", "show")
    assert "master.key; 1 data keys" in shown
    run(folder, "master-key", "rotate", "--master-key", "file", "--master-key-file", str(tmp_path / "elsewhere"))
    run(folder, "master-key", "rotate", "--new-data-key")
    assert "elsewhere; 2 data keys" in run(folder, "master-key", "show")
    assert not (folder.secrets / "master.key").exists()
    with pytest.raises(OpenTrailError, match=r"go together|belongs to"):
        run(folder, "master-key", "rotate", "--master-key", "kms")
    rotations = [one["serviceEventDetails"] for one in records(folder) if one["eventName"] == "RotateMasterKey"]
    assert rotations == [{"keeper": "file", "newDataKey": False}, {"keeper": "file", "newDataKey": True}]


def test_a_user_or_a_role_not_both(folder: DataFolder) -> None:
    run(folder, "init")
    for options in ([], ["--user", "a", "--role", "b"]):
        with pytest.raises(NeitherOrBoth):
            run(folder, "principals", "attach-policy", "AdministratorAccess", *options)
    with pytest.raises(NeitherOrBoth):
        run(folder, "principals", "add-key")


def test_the_sandbox_does_not_open_a_folder_with_principals_of_its_own(folder: DataFolder) -> None:
    run(folder, "init")
    with pytest.raises(BadSettings, match="well-known key"):
        run(folder, "up", "--no-sandbox", "--port", "0")


def test_the_home_account_is_the_management_account_unless_the_settings_say_another() -> None:
    plain, named = Settings(), Settings(server=Server(account="111122223333"))
    assert with_home_account(plain, "000000000001").server.account == "000000000001"
    assert with_home_account(named, "000000000001").server.account == "111122223333"
    with pytest.raises(BadSettings, match="opentrail init"):
        with_home_account(plain, None)
    configured = Settings(principal=[Principal(access_key_id="AKIA", secret_access_key="s")])
    assert with_home_account(configured, None).server.account == SANDBOX_ACCOUNT
