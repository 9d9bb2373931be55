"""One call on its way through the recorder: what each step has found out, for the steps after it."""

from dataclasses import dataclass, field
from typing import Protocol

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.principal import Principal
from opentrail.recorder.answers.refusals import Family
from opentrail.recorder.forwarding.bodies import EMPTY_SHA256, Chunks, RequestBody
from opentrail.recorder.forwarding.spool import Spool
from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.wire.http import HttpRequest
from opentrail.wire.post_form import PostForm
from opentrail.wire.sigv4 import Signature


class ClientConnection(Protocol):
    """What a record tells of the connection that a call came by."""

    def tls(self) -> tuple[str, str] | None:
        """TLS version and cipher suite as CloudTrail names them, or None without TLS."""
        ...


@dataclass(slots=True)
class Call:
    """Filled in from top to bottom."""

    request: HttpRequest
    body: RequestBody
    connection: ClientConnection | None

    source_address: str = ""
    vpc_endpoint: str | None = None  # through which the call came
    signature: Signature | None = None
    service: str | None = None  # botocore's name
    family: Family = "rest-json"
    upstream: Upstream | None = None
    key: AccessKey | None = None  # that the call names
    principal: Principal | None = None  # once the signature is known to be good
    owner: str = ""  # of an unsigned call: the account of what it names, where that is known
    object_data: bool = False  # the request's body goes into an S3 object

    spool: Spool | None = None
    body_sha256: str = EMPTY_SHA256  # hex, of a body that was read whole before it goes on
    form: PostForm | None = None  # of an upload by form
    captured: bytes | None = None  # the request's body as far as it is read for the record, codings taken off
    beginning: bytes = b""  # of an unsigned form, and of a body that is too long to be read for the record
    outgoing: bytes | Chunks | None = None
    outgoing_bytes: int | None = None  # declared to the upstream; None: sent in chunks
    intent: int | None = None  # on disk; the call's record ends it
    recorded: bool = False  # its records have been handed to intake
    answered_here: bool = False  # no upstream has it
    sent_upstream: bool = False  # the upstream may have acted

    interpreted: Interpreted | None = None

    declared_bytes: int | None = field(init=False)  # Content-Length, or None without one
    has_body: bool = field(init=False)  # anything follows the head

    def __post_init__(self) -> None:
        by_name = self.request.headers_by_name
        length = by_name.get("content-length", "")
        self.declared_bytes = int(length) if length.isdecimal() else None
        self.has_body = bool(self.declared_bytes) or "transfer-encoding" in by_name

    @property
    def region(self) -> str:
        """The Region in the signature's scope; empty where it names none."""
        return self.signature.region if self.signature is not None else ""
