"""Settings: what is accepted, and how what is not is refused."""

from pathlib import Path

import pytest

from opentrail.server.rooms.trails import organization_of
from opentrail.server.settings import BadSettings
from opentrail.server.settings_reading import is_loopback, read_settings

GOOD = """
data_dir = "/var/lib/opentrail"
[server]
host = "0.0.0.0"
account = "111122223333"
trusted_proxies = ["10.0.0.0/8"]
[[upstream]]
name = "store"
url = "http://10.1.2.3:8333"
services = ["s3"]
access_key_id = "store-key"
secret_access_key_env = "STORE_SECRET"
[[principal]]
access_key_id = "AKIAEXAMPLEKEY000001"
secret_access_key = "s"
user = "dana"
"""


UPSTREAM = '[[upstream]]\nname = "u"\nurl = "http://x"\nservices = ["*"]\n'
FOREIGN = UPSTREAM + 'signing = "passthrough"\nverify = "upstream"\n'


def _read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "opentrail.toml"
    path.write_text(text)
    return read_settings(path)


def test_a_whole_file_is_read_and_secrets_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_SECRET", "from the environment")
    path = tmp_path / "opentrail.toml"
    path.write_text(GOOD)
    settings = read_settings(path)
    assert settings.server.account == "111122223333"
    assert settings.upstream[0].secret() == "from the environment"
    assert settings.principal[0].user == "dana"
    assert settings.server.guarantee == "durable"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\nguarante = "durable"', "did you mean guarantee?"),
        ("[servr]\nport = 1", "did you mean server?"),
        ('[[upstream]]\nnam = "x"', "did you mean name?"),
        ('[server]\nport = "x"', "port"),
        ('[server]\nguarantee = "maybe"', "guarantee"),
        ("[server", "not TOML"),
        ("[history]\nretention_days = 30", "at least 90 days"),
        ('[server]\ntrusted_proxies = ["here"]', "trusted_proxies"),
        ('[[upstream]]\nname = "x"\nurl = "ftp://x"\nservices = ["s3"]', "http"),
        ('[[upstream]]\nname = "x"\nurl = "http://x"\nservices = ["s3"]', "access_key_id"),
        ('[[principal]]\naccess_key_id = "x"', "no secret"),
        (UPSTREAM + 'access_key_id = "k"\nsecret_access_key = "s"\nverify = "upstream"', "verified here"),
        (UPSTREAM + 'signing = "passthrough"\n[upstream.look_up]\nsts_url = "http://x"', 'verify = "upstream"'),
        (FOREIGN + '[upstream.look_up]\niam_url = "iam.example.com"', "iam_url"),
        (FOREIGN + '[upstream.look_up]\naccess_key_id = "k"', "no secret"),
        (FOREIGN + '[upstream.look_up]\nsts = "http://x"', "sts"),
        ('[server]\nhost = "0.0.0.0"\n[[principal]]\naccess_key_id = "test"\nsecret_access_key = "test"', "loopback"),
        ('[[principal]]\naccess_key_id = "x"\nsecret_access_key_env = "NOT_THERE"', "NOT_THERE"),
        ('[regions]\nenabled = ["europe"]', "'europe' is not a Region"),
        ('[regions]\nenable = ["eu-west-1"]', "did you mean enabled?"),
        ('[organization]\nid = "x"', "not an organization's"),
        ('[organization]\nmanagement_account = "111122223333"', "not an organization's"),
        ('[organization]\nid = "o-exampleorgid"\nmanagement_account = "1"', "'1' is not an account"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSettings) as refused:
        _read(tmp_path, text)
    assert said in refused.value.message


def test_regions_and_organization(tmp_path: Path) -> None:
    settings = _read(tmp_path, "")
    assert len(settings.regions.enabled) == 17 and organization_of(settings) is None
    settings = _read(
        tmp_path,
        '[regions]\nenabled = ["eu-west-1"]\n[organization]\nid = "o-exampleorgid"\n'
        'management_account = "111122223333"\nmembers = ["222233334444"]',
    )
    assert settings.regions.enabled == ("eu-west-1",)
    organization = organization_of(settings)
    assert organization is not None
    assert (organization.management_account, organization.members) == ("111122223333", ("222233334444",))


def test_the_organization_may_be_told_by_an_upstream(tmp_path: Path) -> None:
    upstream = '[[upstream]]\nname = "aws"\nurl = "http://127.0.0.1:1"\nservices = ["*"]\n'
    foreign = upstream + 'signing = "passthrough"\nverify = "upstream"\n'
    upstream += 'access_key_id = "a"\nsecret_access_key = "s"\n'
    told = '[organization]\nupstream = "aws"\n'
    assert _read(tmp_path, told + upstream).organization.refresh_seconds == 300
    for text, said in (
        (told, "there is no upstream aws"),
        (told + 'id = "o-exampleorgid"\n' + upstream, "upstream"),
        (told + "refresh_seconds = 0\n" + upstream, "refresh_seconds"),
        (told + upstream.replace('"*"', '"s3"'), "for organizations"),
        (told + foreign, "a key to ask with"),
        ("[server]\nenforce_iam = true\n", "opentrail up --enforce-iam"),
    ):
        with pytest.raises(BadSettings) as refused:
            _read(tmp_path, text)
        assert said in refused.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        read_settings(tmp_path / "none.toml")
    assert "none.toml" in refused.value.message


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_principal_needs_no_secret_where_an_upstream_verifies(tmp_path: Path) -> None:
    text = FOREIGN + '[upstream.look_up]\nsts_url = "http://sts"\n[[principal]]\naccess_key_id = "AKIAEXAMPLE"'
    settings = _read(tmp_path, text)
    assert settings.upstream[0].verify == "upstream" and settings.upstream[0].look_up.sts_url == "http://sts"
    assert settings.principal[0].secret() == ""
