"""STS as far as we are it ourselves: AssumeRole of roles of our own, and who a caller of ours is.

Such a call goes all the way of a recorded one, signature, guarantee, record, but no upstream has it: its answer is made
here. With an upstream for `sts`, that one has every other call; without one, the others find nobody.
"""

from typing import Any, Final
from xml.sax.saxutils import escape

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.policy_caller import Keys
from opentrail.accounts.principal import Principal
from opentrail.accounts.role_sessions import AssumeDenied, Assumption, BadAssumption, RoleSessions
from opentrail.clock import MICROSECONDS, Clock, as_datetime
from opentrail.recorder.answers.refusals import new_request_id
from opentrail.recorder.call import Call

_XMLNS: Final = "https://sts.amazonaws.com/doc/2011-06-15/"
_QUERY: Final = "query"


class OwnAnswer:
    """An answer that is whole from the beginning, as deliveries read those of upstreams."""

    uploaded_bytes = 0

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.length: int | None = len(body)
        self._body = body

    def rest(self, limit_bytes: int) -> bytes | None:
        """The body, which is short."""
        del limit_bytes
        return self._body

    async def next_chunk(self) -> bytes:
        """The body, once; then nothing."""
        body, self._body = self._body, b""
        return body

    def close(self) -> None:
        """There is nothing to let go of."""


class OwnSts:
    """Answers calls in a thread that may wait for the catalog's disk."""

    def __init__(self, sessions: RoleSessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def claims(self, call: Call) -> bool:
        """Whether the call, read and with a proven caller, is answered here."""
        asked, key = call.interpreted, call.key
        if asked is None or asked.service != "sts" or asked.protocol != _QUERY or key is None or call.principal is None:
            return False
        if asked.operation_name == "GetCallerIdentity":
            return call.upstream is None or key.managed
        if asked.operation_name != "AssumeRole":
            return False
        role_arn = (asked.parameters or {}).get("RoleArn")
        return call.upstream is None or (isinstance(role_arn, str) and self._sessions.is_ours(role_arn))

    def answer(self, call: Call) -> OwnAnswer:
        """The answer. Raises what `RoleSessions.assume` raises, BadAssumption."""
        assert call.interpreted is not None and call.principal is not None  # it was claimed
        request_id = new_request_id("query")
        if call.interpreted.operation_name == "GetCallerIdentity":
            result = _caller_identity(call.principal)
        else:
            result = self._assume_role(call, call.principal, call.interpreted.parameters or {})
        name = call.interpreted.operation_name
        body = (
            f'<{name}Response xmlns="{_XMLNS}"><{name}Result>{result}</{name}Result>'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
        ).encode()
        headers = [
            (b"x-amzn-requestid", request_id.encode()),
            (b"content-type", b"text/xml"),
            (b"content-length", str(len(body)).encode()),
        ]
        return OwnAnswer(200, headers, body)

    def _assume_role(self, call: Call, caller: Principal, parameters: dict[str, Any]) -> str:
        asked = _assumption(parameters)
        if caller.service is not None or not caller.account:
            raise AssumeDenied
        return _session(asked, self._sessions.assume(caller, asked, self._about(call)))

    def _about(self, call: Call) -> Keys:
        """The condition keys of the call itself."""
        now_us = self._clock.now_us()
        keys: Keys = {
            "aws:SourceIp": call.source_address,
            "aws:SecureTransport": "true" if call.connection is not None and call.connection.tls() else "false",
            "aws:CurrentTime": as_datetime(now_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(now_us // MICROSECONDS),
            "aws:RequestedRegion": call.region,
            "aws:ViaAWSService": "false",
        }
        for key, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
            if call.request.header(header):
                keys[key] = call.request.header(header)
        return keys


def _assumption(parameters: dict[str, Any]) -> Assumption:
    """Raises BadAssumption where what STS requires is not there."""
    role_arn, session_name = parameters.get("RoleArn"), parameters.get("RoleSessionName")
    if not isinstance(role_arn, str) or not isinstance(session_name, str):
        raise BadAssumption("RoleArn and RoleSessionName are needed.")
    seconds = parameters.get("DurationSeconds")
    tags = [(str(tag.get("Key", "")), str(tag.get("Value", ""))) for tag in _structures(parameters.get("Tags"))]
    return Assumption(
        role_arn=role_arn,
        session_name=session_name,
        seconds=seconds if isinstance(seconds, int) else None,
        policy=_text(parameters.get("Policy")),
        policy_arns=tuple(str(one.get("arn", "")) for one in _structures(parameters.get("PolicyArns"))),
        external_id=_text(parameters.get("ExternalId")),
        source_identity=_text(parameters.get("SourceIdentity")),
        tags=tuple(tags),
        transitive_tag_keys=tuple(str(key) for key in parameters.get("TransitiveTagKeys") or ()),
        with_mfa=bool(parameters.get("SerialNumber") or parameters.get("TokenCode")),
    )


def _structures(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _caller_identity(principal: Principal) -> str:
    return (
        f"<Arn>{escape(principal.arn)}</Arn><UserId>{escape(principal.principal_id)}</UserId>"
        f"<Account>{principal.account}</Account>"
    )


def _session(asked: Assumption, key: AccessKey) -> str:
    principal = key.principal
    source = principal.session.source_identity if principal.session is not None else None
    ends = as_datetime(key.expires_at_us or 0).strftime("%Y-%m-%dT%H:%M:%SZ")
    packed = min(len(asked.policy or "") * 100 // 2048, 100)
    return (
        (f"<SourceIdentity>{escape(source)}</SourceIdentity>" if source else "")
        + f"<AssumedRoleUser><AssumedRoleId>{escape(principal.principal_id)}</AssumedRoleId>"
        f"<Arn>{escape(principal.arn)}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{key.access_key_id}</AccessKeyId><SecretAccessKey>{escape(key.secret)}"
        f"</SecretAccessKey><SessionToken>{escape(key.session_token or '')}</SessionToken>"
        f"<Expiration>{ends}</Expiration></Credentials>"
        + (f"<PackedPolicySize>{packed}</PackedPolicySize>" if asked.policy or asked.policy_arns else "")
    )
