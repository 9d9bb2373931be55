"""A key ring opens with its master key alone, wherever that is kept, and survives any crash of a rotation."""

import shutil
import stat

import boto3
import pytest
from moto.server import ThreadedMotoServer

from opentrail.accounts import master_key
from opentrail.accounts.faults import KeyRingUnreadable, MasterKeyUnreadable, MasterKeyWrong
from opentrail.accounts.folder_keys import open_folder_keys, sealer_of
from opentrail.accounts.key_ring import EnvironmentCustody, FileCustody, KeyRing
from opentrail.accounts.kms_custody import KmsCustody

MASTER, OTHER = b"m" * 32, b"o" * 32


def files(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def ring(tmp_path) -> KeyRing:
    return KeyRing.make(tmp_path, FileCustody(), MASTER)


def test_what_was_sealed_is_opened_after_every_opening(tmp_path, ring):
    sealed = ring.sealer.seal(b"events", b"")
    keys = open_folder_keys(tmp_path)
    assert keys.root == ring.root != MASTER
    assert keys.sealer is not None and keys.sealer.open(sealed, b"") == b"events"
    assert files(tmp_path) == ["keyring.json", "master.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert b"events" not in (tmp_path / "keyring.json").read_bytes()


def test_nobody_makes_a_second_ring(tmp_path, ring):
    with pytest.raises(KeyRingUnreadable, match="already"):
        KeyRing.make(tmp_path, FileCustody(), OTHER)
    assert open_folder_keys(tmp_path).root == ring.root


def test_a_wrong_master_key_is_named_as_that(tmp_path, ring):
    (tmp_path / "master.key").write_bytes(OTHER)
    with pytest.raises(MasterKeyWrong, match=r"master\.key"):
        KeyRing.open(tmp_path)
    (tmp_path / "master.key").unlink()
    with pytest.raises(MasterKeyUnreadable, match="No such file"):
        KeyRing.open(tmp_path)


def test_a_ring_that_is_none_is_refused(tmp_path, ring):
    path = tmp_path / "keyring.json"
    whole = path.read_bytes()
    for broken in (b"", b"{}", whole[:-20], whole.replace(b'"version": 1', b'"version": 2')):
        path.write_bytes(broken)
        with pytest.raises(KeyRingUnreadable, match="no key ring"):
            KeyRing.open(tmp_path)


def test_a_folder_without_a_ring_has_a_root_key_and_seals_no_events(tmp_path):
    assert sealer_of(tmp_path) is None and files(tmp_path) == []
    keys = open_folder_keys(tmp_path)
    assert keys.sealer is None and keys.root == (tmp_path / "master.key").read_bytes()


def test_an_older_folder_keeps_its_root_key_and_loses_it_in_the_clear(tmp_path, monkeypatch):
    root = open_folder_keys(tmp_path).root
    monkeypatch.setenv("OPENTRAIL_MASTER_KEY", master_key.as_text(MASTER))
    KeyRing.make(tmp_path, EnvironmentCustody(), MASTER, root)
    assert open_folder_keys(tmp_path).root == root
    assert files(tmp_path) == ["keyring.json"]


def test_a_rotation_changes_the_master_key_and_nothing_else(tmp_path, ring):
    sealed = ring.sealer.seal(b"events", b"")
    ring.under(tmp_path, FileCustody(), OTHER)
    assert (tmp_path / "master.key").read_bytes() == OTHER
    again = KeyRing.open(tmp_path)
    assert again is not None and again.root == ring.root and again.sealer.open(sealed, b"") == b"events"
    assert files(tmp_path) == ["keyring.json", "master.key"]


def test_a_new_data_key_seals_and_the_old_ones_open(tmp_path, ring):
    before = ring.sealer.seal(b"before", b"")
    ring.with_new_data_key().under(tmp_path, FileCustody(), MASTER)
    sealer = sealer_of(tmp_path)
    assert sealer is not None and sealer.open(before, b"") == b"before"
    assert sealer.seal(b"after", b"")[:4] == b"\0\0\0\2" and before[:4] == b"\0\0\0\1"


def test_a_crash_of_a_rotation_leaves_a_key_that_opens(tmp_path, ring):
    """After the new key was written; after the ring was; and with a leftover of an earlier attempt."""
    old = tmp_path / "old"
    shutil.copytree(tmp_path, old, ignore=shutil.ignore_patterns("old"))
    (old / "master.key.next").write_bytes(OTHER)
    assert open_folder_keys(old).root == ring.root
    assert files(old) == ["keyring.json", "master.key", "master.key.next"]
    ring.under(tmp_path, FileCustody(), OTHER)
    shutil.copy(tmp_path / "keyring.json", old)
    assert open_folder_keys(old).root == ring.root
    assert files(old) == ["keyring.json", "master.key"] and (old / "master.key").read_bytes() == OTHER


def test_the_key_may_lie_elsewhere_or_in_the_environment(tmp_path, ring, monkeypatch):
    elsewhere = FileCustody(str(tmp_path / "usb" / "key"))
    moved = ring.under(tmp_path, elsewhere, OTHER)
    assert files(tmp_path) == ["keyring.json", "usb"] and open_folder_keys(tmp_path).root == ring.root
    monkeypatch.setenv("OPENTRAIL_MASTER_KEY", master_key.as_text(MASTER))
    moved.under(tmp_path, EnvironmentCustody(), MASTER)
    assert files(tmp_path / "usb") == [] and open_folder_keys(tmp_path).root == ring.root
    monkeypatch.setenv("OPENTRAIL_MASTER_KEY", master_key.as_text(OTHER))
    with pytest.raises(MasterKeyWrong, match="OPENTRAIL_MASTER_KEY"):
        KeyRing.open(tmp_path)


def test_the_key_may_be_kept_by_kms(tmp_path, ring, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        kms = boto3.client("kms", endpoint_url=url, region_name="us-east-1")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        ring.under(tmp_path, KmsCustody(key_id, "us-east-1", url), OTHER)
        assert files(tmp_path) == ["keyring.json"] and open_folder_keys(tmp_path).root == ring.root
    finally:
        server.stop()
    with pytest.raises(MasterKeyUnreadable, match="KMS does not decrypt"):
        KeyRing.open(tmp_path)
