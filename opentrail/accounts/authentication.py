"""Who signed a request: the key behind a signature, its session token and its time, and the signature itself."""

import hmac

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.clock import Clock, as_datetime
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature
from opentrail.wire.signature_errors import ExpiredToken, InvalidToken, UnknownAccessKey
from opentrail.wire.sigv4 import verify


def authenticate(
    request: HttpRequest, signature: Signature, keys: AccessKeys, body_sha256: str | None, clock: Clock
) -> AccessKey:
    """The key that `request` was signed with, once everything about it is right.

    Raises UnknownAccessKey (also for a switched-off key), InvalidToken, ExpiredToken or what `sigv4.verify` raises.
    That a token has expired is only told to who signed with its secret.
    """
    key = keys.find(signature.access_key)
    if key is None or not key.proves:
        raise UnknownAccessKey
    check_token(key, signature.session_token)
    verify(request, signature, key.secret, body_sha256, as_datetime(clock.now_us()))
    if key.expired(clock.now_us()):
        raise ExpiredToken
    return key


def check_token(key: AccessKey, session_token: str | None) -> None:
    """Raise InvalidToken where the session token is not exactly what was issued with `key`, be it none."""
    if not hmac.compare_digest((key.session_token or "").encode(), (session_token or "").encode()):
        raise InvalidToken
