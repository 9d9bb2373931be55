"""What waits to be delivered is read by who has the key, under its own name."""

import stat

import pytest

from opentrail.accounts.data_keys import DataKeys
from opentrail.accounts.faults import SealedBytesChanged
from opentrail.journal import JournalSealed
from opentrail.trails.outbox import LostFromOutbox, Outbox

STORED = b"\x1f\x8b the events of a log file"
KEYS = {1: b"k" * 32}


def test_files_lie_sealed_and_closed_to_others(tmp_path):
    outbox = Outbox(tmp_path / "outbox", DataKeys(KEYS))
    name = outbox.keep(STORED)
    path = tmp_path / "outbox" / name
    assert b"events" not in path.read_bytes()
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert outbox.read(name) == Outbox(tmp_path / "outbox", DataKeys(KEYS)).read(name) == STORED
    with pytest.raises(JournalSealed):
        Outbox(tmp_path / "outbox").read(name)


def test_files_from_before_there_was_a_key_are_read(tmp_path):
    name = Outbox(tmp_path).keep(STORED)
    assert (tmp_path / name).read_bytes() == STORED
    assert Outbox(tmp_path, DataKeys(KEYS)).read(name) == STORED


def test_no_file_passes_for_another(tmp_path):
    outbox = Outbox(tmp_path, DataKeys(KEYS))
    first, second = outbox.keep(STORED), outbox.keep(b"another")
    (tmp_path / first).replace(tmp_path / second)
    with pytest.raises(SealedBytesChanged):
        outbox.read(second)
    with pytest.raises(LostFromOutbox):
        outbox.read(first)
