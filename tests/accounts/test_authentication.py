"""A request is its signer's only if key, token, time and signature are right."""

import dataclasses
from datetime import UTC, datetime

import pytest

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.authentication import authenticate
from opentrail.accounts.principal import root
from opentrail.catalog.database import open_catalog
from opentrail.clock import SettableClock
from opentrail.wire import signature_errors as errors
from opentrail.wire.sigv4 import read_signature
from tests.wire.boto_requests import ACCESS_KEY, SECRET, capture, client

KEY = AccessKey(ACCESS_KEY, SECRET, root("123456789012"))


@pytest.fixture
def clock():
    return SettableClock(datetime.now(UTC))


@pytest.fixture
def keys(tmp_path, clock):
    engine = open_catalog(tmp_path)
    keys = AccessKeys(engine, b"m" * 32, [], clock)
    yield keys
    keys.close()
    engine.dispose()


def call(token=None):
    return capture(client("sns", token=token), "list_topics")


def signer(sent, keys, clock):
    return authenticate(sent.request, read_signature(sent.request), keys, sent.body_sha256, clock)


def test_the_right_key(keys, clock):
    keys.learn(KEY)
    assert signer(call(), keys, clock) == KEY


def test_unknown_inactive_and_deleted_keys(keys, clock):
    sent = call()
    for change in (lambda: None, lambda: keys.set_status(ACCESS_KEY, "Inactive"), lambda: keys.delete(ACCESS_KEY)):
        change()
        with pytest.raises(errors.UnknownAccessKey):
            signer(sent, keys, clock)
        if keys.find(ACCESS_KEY) is None:
            keys.learn(KEY)


def test_the_session_token_must_be_the_one_issued(keys, clock):
    keys.learn(dataclasses.replace(KEY, session_token="the token"))
    assert signer(call("the token"), keys, clock).session_token == "the token"
    for token in (None, "another", "the tokeN"):
        with pytest.raises(errors.InvalidToken):
            signer(call(token), keys, clock)


def test_a_token_for_a_key_without_one(keys, clock):
    keys.learn(KEY)
    with pytest.raises(errors.InvalidToken):
        signer(call("made up"), keys, clock)


def test_expired_credentials_are_named_only_to_their_owner(keys, clock):
    keys.learn(dataclasses.replace(KEY, session_token="t", expires_at_us=clock.now_us()))
    sent = call("t")
    with pytest.raises(errors.ExpiredToken):
        signer(sent, keys, clock)
    with pytest.raises(errors.InvalidSignature):
        signer(dataclasses.replace(sent, body=b"changed"), keys, clock)
