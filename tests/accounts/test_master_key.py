"""The master key is made once, closed to others, and never replaced."""

import stat
import subprocess
import sys

import pytest

from opentrail.accounts.faults import MasterKeyUnreadable, SecretsSealedOtherwise
from opentrail.accounts.master_key import Seal, derived_key, load_master_key


def test_it_is_made_once_and_closed_to_others(tmp_path):
    folder = tmp_path / "secrets"
    key = load_master_key(folder)
    assert len(key) == 32
    assert load_master_key(folder) == key
    assert [path.name for path in folder.iterdir()] == ["master.key"]
    assert stat.S_IMODE((folder / "master.key").stat().st_mode) == 0o600


def test_a_key_open_to_others_is_closed(tmp_path):
    key = load_master_key(tmp_path)
    (tmp_path / "master.key").chmod(0o644)
    assert load_master_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree(tmp_path):
    program = (
        "import sys, pathlib; from opentrail.accounts.master_key import load_master_key;"
        "sys.stdout.write(load_master_key(pathlib.Path(sys.argv[1])).hex())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in processes}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_broken_key_is_refused_not_replaced(tmp_path):
    (tmp_path / "master.key").write_bytes(b"short")
    with pytest.raises(MasterKeyUnreadable, match="5 bytes"):
        load_master_key(tmp_path)
    assert (tmp_path / "master.key").read_bytes() == b"short"


def test_sealing():
    seal = Seal(b"k" * 32)
    sealed = seal.close(b"secret", b"context")
    assert b"secret" not in sealed
    assert sealed != seal.close(b"secret", b"context")
    assert seal.open(sealed, b"context") == b"secret"
    for broken, context in ((sealed, b"another"), (sealed[:-1] + b"\0", b"context"), (b"", b"context")):
        with pytest.raises(SecretsSealedOtherwise):
            seal.open(broken, context)
    with pytest.raises(SecretsSealedOtherwise):
        Seal(b"l" * 32).open(sealed, b"context")


def test_purposes_have_different_keys():
    keys = {derived_key(b"k" * 32, purpose) for purpose in ("a", "b")} | {derived_key(b"l" * 32, "a")}
    assert len(keys) == 3
    assert derived_key(b"k" * 32, "a") in keys
