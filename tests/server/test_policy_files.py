"""Policies of the settings file: found beside it, read once, refused with file and reason."""

import json
from pathlib import Path

import pytest

from opentrail.accounts.principal import iam_user
from opentrail.server.policy_files import attached_policies, guards
from opentrail.server.settings import BadSettings, Principal
from opentrail.server.settings_reading import read_settings

ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "cloudtrail:Get*", "Resource": "*"}}
DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}}
USER = '[[principal]]\naccess_key_id = "{key}"\nsecret_access_key = "s"\nuser = "dana"\n'


def _who(told: Principal) -> object:
    return iam_user("123456789012", told.user, "AIDAEXAMPLE")


def _settings(folder: Path, text: str) -> object:
    (folder / "allow.json").write_text(json.dumps(ALLOW))
    (folder / "deny.json").write_text(json.dumps(DENY))
    (folder / "opentrail.toml").write_text(text)
    return read_settings(folder / "opentrail.toml")


def test_files_are_named_from_where_the_settings_are(tmp_path: Path) -> None:
    upstream = '[[upstream]]\nname = "u"\nurl = "http://x"\nservices = ["*"]\nsigning = "passthrough"\n'
    text = USER.format(key="AKIA1") + 'policies = ["allow.json"]\nboundary = "allow.json"\n' + upstream
    settings = _settings(tmp_path, text + 'policies = ["deny.json"]\n')
    found = attached_policies(settings, _who).of(_who(settings.principal[0]))
    assert found is not None and found.boundary is not None
    assert [policy.name for policy in found.identity] == ["allow"]
    assert [policy.name for policy in guards(settings.upstream[0].policies)] == ["deny"]


def test_what_cannot_be_a_guard_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "allow.json").write_text(json.dumps(ALLOW))
    with pytest.raises(BadSettings, match="a guard only denies"):
        guards([str(tmp_path / "allow.json")])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (USER.format(key="AKIA1") + 'policies = ["none.json"]\n', "cannot read"),
        (USER.format(key="AKIA1") + 'policies = ["opentrail.toml"]\n', "not JSON"),
        (USER.format(key="AKIA1") + 'policies = ["allow.json"]\n' + USER.format(key="AKIA2"), "has other policies"),
    ],
)
def test_policies_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        attached_policies(_settings(tmp_path, text), _who)


def test_a_root_has_no_policies(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="policies are for users"):
        _settings(tmp_path, USER.format(key="AKIA1").replace('user = "dana"\n', "") + 'policies = ["allow.json"]\n')
