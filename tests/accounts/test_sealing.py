"""Sealed secrets open with their key and in their context alone; purposes have keys of their own."""

import pytest

from opentrail.accounts.faults import SecretsSealedOtherwise
from opentrail.accounts.sealing import Seal, derived_key


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
