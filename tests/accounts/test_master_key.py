"""The master key is made once, closed to others, and never replaced."""

import stat
import subprocess
import sys

import pytest

from opentrail.accounts.faults import MasterKeyUnreadable
from opentrail.accounts.master_key import FILE_NAME, as_text, from_environment, from_file, load_or_make


def test_it_is_made_once_and_closed_to_others(tmp_path):
    folder = tmp_path / "secrets"
    key = load_or_make(folder / FILE_NAME)
    assert len(key) == 32
    assert load_or_make(folder / FILE_NAME) == key
    assert [path.name for path in folder.iterdir()] == ["master.key"]
    assert stat.S_IMODE((folder / "master.key").stat().st_mode) == 0o600


def test_a_key_open_to_others_is_closed(tmp_path):
    key = load_or_make(tmp_path / FILE_NAME)
    (tmp_path / "master.key").chmod(0o644)
    assert load_or_make(tmp_path / FILE_NAME) == key
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree(tmp_path):
    program = (
        "import sys, pathlib; from opentrail.accounts.master_key import load_or_make;"
        "sys.stdout.write(load_or_make(pathlib.Path(sys.argv[1]) / 'master.key').hex())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in processes}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_broken_key_is_refused_not_replaced(tmp_path):
    (tmp_path / "master.key").write_bytes(b"short")
    with pytest.raises(MasterKeyUnreadable, match="5 bytes"):
        load_or_make(tmp_path / FILE_NAME)
    assert (tmp_path / "master.key").read_bytes() == b"short"


def test_a_key_may_be_written_by_hand(tmp_path, monkeypatch):
    key = bytes(range(32))
    for text in (as_text(key), key.hex(), as_text(key) + "\n"):
        (tmp_path / "by-hand").write_text(text)
        monkeypatch.setenv("OPENTRAIL_MASTER_KEY", text)
        assert from_file(tmp_path / "by-hand") == from_environment() == key


def test_what_is_no_key_is_refused(tmp_path, monkeypatch):
    for text, why in (("A" * 63, "neither"), ("!" * 44, "neither"), (as_text(b"k" * 40), "40 bytes")):
        (tmp_path / "by-hand").write_text(text)
        monkeypatch.setenv("OPENTRAIL_MASTER_KEY", text)
        with pytest.raises(MasterKeyUnreadable, match=why):
            from_file(tmp_path / "by-hand")
        with pytest.raises(MasterKeyUnreadable, match=why):
            from_environment()
    monkeypatch.delenv("OPENTRAIL_MASTER_KEY")
    with pytest.raises(MasterKeyUnreadable, match="OPENTRAIL_MASTER_KEY is not set"):
        from_environment()
