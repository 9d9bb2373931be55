"""Answers that only the recorder can give truly, because the upstream does not know who calls.

An upstream that calls are signed anew for sees one key, whoever calls; one that is told the account believes it. Asked
who the caller is, they name somebody else. And some stand-ins for AWS hand out one and the same key to everybody, the
example of AWS's own documentation: nobody could be told from anybody by it. Both are set right in the answer, before it
is recorded or sent: the call still reaches its upstream, whose checks, faults and request ids stay.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.credentials import new_key_id, new_secret, new_session_token
from opentrail.recorder.call import Call
from opentrail.recorder.identity.federation import claims_of

# Keys that are nobody's: those of AWS's documentation and of moto.
EXAMPLE_KEYS: Final = frozenset({b"AKIAIOSFODNN7EXAMPLE", b"ASIAIOSFODNN7EXAMPLE", b"TESTACCESSKEY12345"})
_OK: Final = 200

Correction = Callable[[Call, AccessKeys, bytes], bytes]


def correction_of(call: Call, status: int) -> Correction | None:
    """What sets the answer to this call right; None where the upstream's word stands, as nearly always."""
    interpreted, upstream = call.interpreted, call.upstream
    if interpreted is None or upstream is None or status != _OK or not upstream.takes_our_word:
        return None
    return _CORRECTIONS.get((interpreted.service or "", interpreted.operation_name))


def new_credentials() -> tuple[str, str, str]:
    """Access key id, secret and session token that nobody else has."""
    return new_key_id("ASIA"), new_secret(), new_session_token()


def _caller(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """GetCallerIdentity."""
    principal = call.principal
    if principal is None:
        return body
    values = {"UserId": principal.principal_id, "Account": principal.account, "Arn": principal.arn}
    return _with_elements(body, values)


def _owner_of_key(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """GetAccessKeyInfo."""
    asked = (call.interpreted.parameters or {}).get("AccessKeyId") if call.interpreted is not None else None
    key = access_keys.find(asked) if isinstance(asked, str) else None
    return _with_elements(body, {"Account": key.principal.account}) if key is not None else body


def _own_user(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """GetUser without a name: the caller itself. Stand-ins know users by their long-term keys alone."""
    principal = call.principal
    if principal is None or _parameters(call).get("UserName"):
        return body
    if principal.type == "Root":
        body = _without_element(_without_element(body, "UserName"), "Path")
        return _with_elements(body, {"UserId": principal.principal_id, "Arn": principal.arn})
    if principal.type != "IAMUser":
        return body
    path = principal.arn.partition(":user")[2].rpartition("/")[0] + "/"
    values = {"UserName": principal.user_name or "", "Path": path, "Arn": principal.arn}
    return _with_elements(body, {**values, "UserId": principal.principal_id})


def _own_credentials(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """GetSessionToken, GetFederationToken."""
    if not any(b"<AccessKeyId>" + key + b"</AccessKeyId>" in body for key in EXAMPLE_KEYS):
        return body
    key_id, secret, token = new_credentials()
    return _with_elements(body, {"AccessKeyId": key_id, "SecretAccessKey": secret, "SessionToken": token})


def _own_pool_credentials(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """GetCredentialsForIdentity."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    made = answer.get("Credentials") if isinstance(answer, dict) else None
    if not isinstance(made, dict) or str(made.get("AccessKeyId")).encode() not in EXAMPLE_KEYS:
        return body
    made["AccessKeyId"], made["SecretKey"], made["SessionToken"] = new_credentials()
    return msgspec.json.encode(answer)


def _subject(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """AssumeRoleWithSAML: who the assertion is about, and the role's own id."""
    parameters = _parameters(call)
    claims = claims_of("AssumeRoleWithSAML", parameters)
    if claims is not None:
        values = {"Subject": claims.caller.user_name or "", "NameQualifier": claims.caller.identity_provider or ""}
        body = _with_elements(body, {**values, "Issuer": claims.issuer})
    return _role_id(call, access_keys, body)


def _role_id(call: Call, access_keys: AccessKeys, body: bytes) -> bytes:
    """AssumeRoleWithWebIdentity: the role's own id, where it is known."""
    role_arn = _parameters(call).get("RoleArn")
    parts = role_arn.split(":", 5) if isinstance(role_arn, str) else []
    if len(parts) != 6:
        return body
    role = access_keys.identities.find(parts[4], "role", parts[5].rpartition("/")[2])
    if role is None or not role.identity_id:
        return body
    return re.sub(rb"<AssumedRoleId>[^<:]*:", b"<AssumedRoleId>" + role.identity_id.encode() + b":", body, count=1)


_CORRECTIONS: Final[Mapping[tuple[str, str], Correction]] = {
    ("iam", "GetUser"): _own_user,
    ("sts", "GetCallerIdentity"): _caller,
    ("sts", "GetAccessKeyInfo"): _owner_of_key,
    ("sts", "GetSessionToken"): _own_credentials,
    ("sts", "GetFederationToken"): _own_credentials,
    ("sts", "AssumeRoleWithSAML"): _subject,
    ("sts", "AssumeRoleWithWebIdentity"): _role_id,
    ("cognito-identity", "GetCredentialsForIdentity"): _own_pool_credentials,
}


def _parameters(call: Call) -> Mapping[str, Any]:
    return (call.interpreted.parameters if call.interpreted is not None else None) or {}


def _with_elements(body: bytes, values: Mapping[str, str]) -> bytes:
    """An XML answer with other contents in its first elements of these names; texts of callers are escaped in it."""
    for name, value in values.items():
        begin, end = _place(body, name)
        if begin < end:
            body = body[:begin] + f"<{name}>{escape(value)}</{name}>".encode() + body[end:]
    return body


def _without_element(body: bytes, name: str) -> bytes:
    begin, end = _place(body, name)
    return body[:begin] + body[end:]


def _place(body: bytes, name: str) -> tuple[int, int]:
    """Where the first element of that name begins and ends; (0, 0) where there is none."""
    begin, end = body.find(f"<{name}>".encode()), body.find(f"</{name}>".encode())
    return (begin, end + len(name) + 3) if 0 <= begin < end else (0, 0)
