"""Data keys open what they sealed, in any run of a process, and nothing else."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from opentrail.accounts.data_keys import DataKeys
from opentrail.accounts.faults import DataKeyMissing, SealedBytesChanged

KEY = {1: b"k" * 32}


def test_another_run_opens_what_one_has_sealed():
    first, second = DataKeys(KEY), DataKeys(KEY)
    sealed = first.seal(b"plain", b"context")
    assert b"plain" not in sealed
    assert first.open(sealed, b"context") == second.open(sealed, b"context") == b"plain"
    assert first.checksum_key(sealed) == second.checksum_key(sealed) != KEY[1]


def test_no_nonce_comes_twice():
    keys = DataKeys(KEY)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: keys.seal(b"the same", b"")[:28], range(5000)))
    made += [DataKeys(KEY).seal(b"the same", b"")[:28] for _ in range(50)]
    assert len(set(made)) == 5050


def test_whatever_is_changed_is_noticed():
    keys = DataKeys(KEY)
    sealed = keys.seal(b"plain", b"context")
    for place in range(4, len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealedBytesChanged):
            keys.open(bytes(changed), b"context")
    for broken, context in ((sealed, b"another"), (sealed[:20], b"context"), (sealed[:-1], b"context"), (b"", b"")):
        with pytest.raises(SealedBytesChanged):
            keys.open(broken, context)
    with pytest.raises(SealedBytesChanged):
        DataKeys({1: b"l" * 32}).open(sealed, b"context")


def test_a_key_that_is_not_there_is_named():
    sealed = DataKeys({7: b"k" * 32}).seal(b"plain", b"")
    with pytest.raises(DataKeyMissing, match="data key 7"):
        DataKeys(KEY).open(sealed, b"")
