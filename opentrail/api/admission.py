"""Whom the API lets on after it knows him: not too many calls, and no changing call a second time.

Signature Version 4 lets whoever has seen a request send it again while its time is good (5 minutes either way). AWS
bears that; so do we for what only reads. Of calls that change something the signature is remembered, and refused when
it comes again. Clients do repeat themselves: a call whose answer was lost is sent again, signed anew, and within the
same second the new signature is the old one; two programs may well make the same call in one second. So a signature
may come again for `limits.REPLAY_GRACE_SECONDS` after it came first. Presigned URLs are made to be used again, and are.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from opentrail import limits
from opentrail.accounts.principal import Principal
from opentrail.clock import Clock
from opentrail.wire.signature import Signature
from opentrail.wire.signature_errors import SignatureError

MayCall = Callable[[Principal, str], bool]  # the caller, and the operation's name


class SignatureUsed(SignatureError):
    """The request signature has been used before. Sign each request anew."""


class SeenSignatures:
    """Signatures of changing calls, verified ones alone. Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, signature: Signature) -> None:
        """Raises SignatureUsed where it came first longer than the time of grace ago."""
        if signature.kind == "query":
            return
        now = self._clock.monotonic()
        with self._lock:
            first = self._first.setdefault(signature.signature, now)
            self._forget(now)
        if now - first > limits.REPLAY_GRACE_SECONDS:
            raise SignatureUsed

    def _forget(self, now: float) -> None:
        """What no clock takes for good any longer; and the oldest where there are too many."""
        while self._first:
            oldest = next(iter(self._first.values()))
            good = now - oldest <= 2 * limits.SIGNATURE_SKEW_SECONDS
            if good and len(self._first) <= limits.REPLAY_SIGNATURES:
                return
            self._first.popitem(last=False)
