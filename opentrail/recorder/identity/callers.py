"""Who made a call that an upstream has judged: trusted as far as the upstream trusted it, and no further.

Signatures that are verified here have named their principal before the call went on. What is left: callers whose
signatures the upstream verifies, and those who call STS without any, with an assertion or token.
"""

import re
from typing import Final

from opentrail.accounts.principal import Principal
from opentrail.recorder.call import Call
from opentrail.recorder.identity.federation import claims_of
from opentrail.recorder.understanding.interpretation import Interpreted

_FIRST_REFUSAL: Final = 400
# AWS names whom it has found not entitled: "User: ARN is not authorized to perform: ACTION".
_NAMED: Final = re.compile(r"\bUser: (arn:[^\s]+) is not authorized to perform")
_NOT_ENTITLED: Final = "AccessDenied"
_FROM_OUTSIDE: Final = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})


def accepted_caller(call: Call, status: int) -> Principal | None:
    """The principal of the key that the call names, where an upstream that verifies for itself let the call pass."""
    return call.key.principal if call.key is not None and status < _FIRST_REFUSAL else None


def judged_caller(
    call: Call, interpreted: Interpreted, error_code: str | None, error_message: str | None
) -> Principal | None:
    """Whom else the outcome of the call proves: a refusal that names the principal of its key, or STS's caller.

    STS finds a caller not entitled only after it has verified what the caller brought.
    """
    if call.key is not None:
        named = _NAMED.search(error_message or "")
        return call.key.principal if named is not None and named[1] == call.key.principal.arn else None
    if call.signature is None and interpreted.service == "sts" and interpreted.operation_name in _FROM_OUTSIDE:
        claims = claims_of(interpreted.operation_name, interpreted.parameters or {})
        if claims is not None and error_code in (None, _NOT_ENTITLED):
            return claims.caller
    return None
