"""What happens to a call before it goes to its upstream: one step after the other, each named after what it settles.

A step fills in its part of the call or raises: a CallRefused or a SignatureError ends the call with that refusal,
which is an event. The order matters: nothing of a body is read before its signature is known to be good, unless the
signature covers a hash that only the body can tell; nothing goes on while its record could not be kept.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlencode

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.authentication import check_token
from opentrail.errors import OpenTrailError
from opentrail.recorder.access.guarding import keep_guards
from opentrail.recorder.answers.refusals import (
    BodyTooLong,
    JournalUnwritable,
    MalformedRequest,
    family_of,
)
from opentrail.recorder.call import Call
from opentrail.recorder.forwarding.bodies import (
    EMPTY_SHA256,
    Chunks,
    checked,
    decoded,
    hashed,
    hold_last,
    joined,
    read_prefix,
    without_beginning,
)
from opentrail.recorder.forwarding.outgoing import DEFAULT_REGION
from opentrail.recorder.forwarding.spool import Spool
from opentrail.recorder.forwarding.who_answers import choose_upstream, find_own_answer, require_upstream
from opentrail.recorder.identity.client_address import FORWARDED_FOR, VPC_ENDPOINT, client_address, vpc_endpoint
from opentrail.recorder.learning.pools import COGNITO, owner_of_pool
from opentrail.recorder.records.object_data import deletes_objects, request_is_object_data
from opentrail.recorder.shapes.s3 import bucket_and_key
from opentrail.recorder.surroundings import Surroundings
from opentrail.recorder.understanding.content_coding import without_content_coding
from opentrail.recorder.understanding.interpretation import interpret
from opentrail.recorder.understanding.one_meaning import require_one_meaning
from opentrail.recorder.understanding.post_object import interpret_form
from opentrail.recorder.understanding.recognition import action_and_version, recognise
from opentrail.recorder.understanding.unsigned import has_bearer_token, is_public
from opentrail.telemetry import BODIES_NOT_CAPTURED
from opentrail.wire.aws_chunked import ChunkedDecoder, IncompleteBody
from opentrail.wire.event_stream import CONTENT_TYPE as EVENT_STREAM
from opentrail.wire.event_stream import SignedEvents
from opentrail.wire.http import HttpRequest
from opentrail.wire.post_form import PostForm, is_form_upload, read_form, signature_of, signed_anew, verify_form
from opentrail.wire.signature import STREAMING_EVENTS, UNSIGNED_PAYLOAD, Signature
from opentrail.wire.signature_errors import ExpiredToken, MissingAuthentication, UnknownAccessKey
from opentrail.wire.signing import Credentials
from opentrail.wire.sigv2_form import read_form_signature, verify_form_signature
from opentrail.wire.sigv4 import check_payload, needs_body, read_signature, verify

FORM = "application/x-www-form-urlencoded"


Step = Callable[[Surroundings, Call], Awaitable[None] | None]  # what it returns, if anything, is waited for


def find_client_address(around: Surroundings, call: Call) -> None:
    """Whose address the record shows."""
    call.source_address = client_address(
        call.request.client, call.request.header(FORWARDED_FOR), around.settings.trusted_proxies
    )
    call.vpc_endpoint = vpc_endpoint(
        call.request.client, call.request.header(VPC_ENDPOINT), around.settings.trusted_proxies
    )


def recognise_service(around: Surroundings, call: Call) -> Awaitable[None] | None:
    """Which service the call is for, and what its refusals would look like."""
    call.family = family_of(None, call.request)
    call.signature = read_signature(call.request)
    if call.signature is None:
        return _recognise_unsigned(around, call)
    _recognised(call, b"")
    return None


async def _recognise_unsigned(around: Surroundings, call: Call) -> None:
    """Its signature, or else the action that it names, may stand in its body."""
    beginning = b""
    if _is_short_form(around, call):
        beginning = await read_prefix(call.body, limits.UNVERIFIED_BODY_BYTES)
        call.body.put_back(beginning)
        call.beginning = beginning
    whole = beginning if call.body.ended or not call.has_body else b""
    call.signature = read_form_signature(call.request, whole)
    _recognised(call, beginning)
    if call.signature is None and call.service == "s3" and is_form_upload(call.request):
        await _read_form(call)


def _recognised(call: Call, beginning: bytes) -> None:
    call.service = recognise(call.request, call.signature, beginning)
    call.family = family_of(call.service, call.request)
    call.object_data = request_is_object_data(call.service, call.request)


async def _read_form(call: Call) -> None:
    """The fields of an upload by form, where its signature is."""
    beginning = await read_prefix(call.body, limits.POST_FORM_BYTES)
    call.body.put_back(beginning)
    call.form = read_form(call.request, beginning)
    if call.form is None:
        raise MalformedRequest("The body of the form cannot be read up to its file.")
    if not call.form.key:  # one behind the file might count for the upstream
        raise MalformedRequest("Bucket POST must contain a field named 'key'.")
    call.signature = signature_of(call.form)


def find_principal(around: Surroundings, call: Call) -> None:
    """Who calls. Without a signature only what AWS takes so: S3's calls, and those that hand out credentials."""
    if call.signature is None:
        verified_there = call.upstream is not None and call.upstream.verify == "upstream"
        if not is_public(call.service, call.request, call.beginning) and not (
            verified_there and has_bearer_token(call.service, call.request)
        ):
            raise MissingAuthentication
        return
    key = around.access_keys.find(call.signature.access_key)
    if key is not None:
        call.body.memory = around.memory
    if call.upstream is not None and call.upstream.verify == "upstream":
        call.key = key
        return
    if key is None or not key.proves:
        raise UnknownAccessKey
    check_token(key, call.signature.session_token)
    call.key = key


def verify_signature(around: Surroundings, call: Call) -> None:
    """The signature is the principal's, as far as that shows before the body."""
    if call.key is None or call.signature is None or not _verified_here(call) or needs_body(call.signature):
        return
    _verify(around, call, call.key, call.signature, None)


def keep_guarantee(around: Surroundings, call: Call) -> None:
    """Nothing is done for a caller that could not be recorded."""
    if around.settings.guarantee != "async" and not around.journal.writable():
        raise JournalUnwritable


def take_body(around: Surroundings, call: Call) -> Awaitable[None] | None:
    """Decide how the body goes on: as it comes, or held first because something must be known of all of it."""
    if not call.has_body:
        _take_empty_body(call)
    elif call.object_data or call.request.header("content-type").startswith(EVENT_STREAM):
        call.outgoing = _streamed(call, b"")
        call.outgoing_bytes = _outgoing_length(call)
        if call.form is not None and call.signature is not None and _resigned(call):
            _sign_form_anew(around, call, call.form, call.signature)
    elif call.signature is not None and needs_body(call.signature) and _verified_here(call):
        return hash_body(around, call)
    else:
        return _hold_short_body(around, call)
    return None


def _sign_form_anew(around: Surroundings, call: Call, form: PostForm, signature: Signature) -> None:
    upstream = call.upstream
    if upstream is None or not isinstance(call.outgoing, AsyncIterator):
        return
    credentials = Credentials(upstream.access_key_id, upstream.secret_access_key)
    head = signed_anew(form, credentials, upstream.region or signature.region or DEFAULT_REGION, around.now())
    call.outgoing = joined(head, without_beginning(call.outgoing, form.head_bytes))
    if call.outgoing_bytes is not None:
        call.outgoing_bytes += len(head) - form.head_bytes


def verify_body(around: Surroundings, call: Call) -> None:
    """The signature again, where it covers the body and now that there is one."""
    if call.key is None or call.signature is None or not _verified_here(call) or not needs_body(call.signature):
        return
    _verify(around, call, call.key, call.signature, call.body_sha256)


def refuse_second_meanings(around: Surroundings, call: Call) -> None:
    """What the record says is what the upstream is asked for."""
    require_one_meaning(call)


def understand(around: Surroundings, call: Call) -> None:
    """Which operation it is, with which parameters; of services that share a name, the body may tell which."""
    body = call.captured if call.captured is not None else call.beginning
    if body and call.signature is not None:
        call.service = recognise(call.request, call.signature, body) or call.service
    if call.form is not None:
        call.interpreted = interpret_form(call.request, call.form)
    else:
        call.interpreted = interpret(call.service, _naming_its_action(call), call.captured, call.signature)


def find_owner(around: Surroundings, call: Call) -> None:
    """Whose account an unsigned call is about: it is told of there, and the upstream does it there."""
    if call.signature is None and call.service == COGNITO and call.interpreted is not None:
        call.owner = owner_of_pool(around.access_keys.identities, call.interpreted.parameters or {})


STEPS: tuple[Step, ...] = (
    find_client_address,
    recognise_service,
    choose_upstream,
    find_principal,
    verify_signature,
    keep_guarantee,
    take_body,
    verify_body,
    understand,
    find_owner,
    find_own_answer,
    require_upstream,
    refuse_second_meanings,
    keep_guards,
)


async def understand_refused(around: Surroundings, call: Call) -> None:
    """What a refused call would have been, for its record; of its body only what is short and needs no invitation."""
    if call.interpreted is not None:
        return
    if call.form is not None:
        call.interpreted = interpret_form(call.request, call.form)
        return
    declared = call.declared_bytes
    waits = "expect" in call.request.headers_by_name
    readable = around.settings.captured_bytes if call.principal is not None else limits.UNVERIFIED_BODY_BYTES
    short = declared is not None and declared <= readable
    if short and declared and not waits and call.body.unread and not call.object_data:
        try:
            held = await read_prefix(call.body, readable)
        except OpenTrailError:
            held = b""  # the client is gone or silent; the refusal that brought us here stands
        if call.body.ended:
            call.captured = _readable(around, call, held)
    call.interpreted = interpret(call.service, call.request, call.captured, call.signature)


def hash_body(around: Surroundings, call: Call) -> Awaitable[None] | None:
    """Read the body whole and hash it. Raises BodyTooLong, before any of it is read where its length is declared."""
    if call.declared_bytes is None or call.declared_bytes > around.settings.captured_bytes:
        return _hash_long_body(around, call)
    held = call.body.held_rest()
    if held is None:
        return _hash_short_body(around, call)
    _hashed(around, call, held)
    return None


async def _hash_short_body(around: Surroundings, call: Call) -> None:
    _hashed(around, call, await read_prefix(call.body, around.settings.captured_bytes))


def _hashed(around: Surroundings, call: Call, held: bytes) -> None:
    call.body_sha256 = hashlib.sha256(held).hexdigest()
    _keep_held(around, call, held)


async def _hash_long_body(around: Surroundings, call: Call) -> None:
    settings = around.settings
    if (call.declared_bytes or 0) > settings.spooled_bytes:
        raise BodyTooLong(f"The body is longer than {settings.spooled_bytes} bytes.")
    call.spool = spool = Spool(around.spooling)
    await spool.read(call.body.chunks(), settings.captured_bytes, settings.spooled_bytes, settings.spool_folder)
    call.body_sha256 = spool.sha256
    if spool.held is not None:
        _keep_held(around, call, spool.held)
        return
    BODIES_NOT_CAPTURED.labels("request").inc()
    call.beginning = await spool.beginning(limits.FORM_BEGINNING_BYTES)
    call.outgoing = spool.chunks()
    call.outgoing_bytes = spool.length


async def _hold_short_body(around: Surroundings, call: Call) -> None:
    limit = (
        limits.DELETE_OBJECTS_BYTES if deletes_objects(call.service, call.request) else around.settings.captured_bytes
    )
    if (call.declared_bytes or 0) > limit:
        first = await read_prefix(call.body, limits.FORM_BEGINNING_BYTES) if _is_form(call) else b""
    else:
        first = await read_prefix(call.body, limit)
    if not call.body.ended:
        if limit == limits.DELETE_OBJECTS_BYTES:
            raise BodyTooLong(f"The list of objects is longer than {limit} bytes.")
        BODIES_NOT_CAPTURED.labels("request").inc()
        call.beginning = first[: limits.FORM_BEGINNING_BYTES]
        call.outgoing = _streamed(call, first)
        call.outgoing_bytes = _outgoing_length(call)
        return
    _keep_held(around, call, b"".join([chunk async for chunk in _streamed(call, first)]))


def _naming_its_action(call: Call) -> HttpRequest:
    """The request; of a form that is too long to be read, as if its action stood in the URL."""
    if call.captured is not None or not call.beginning or not _is_form(call):
        return call.request
    action, _ = action_and_version(call.request, call.beginning)
    return replace(call.request, query=urlencode({"Action": action})) if action else call.request


def _keep_held(around: Surroundings, call: Call, held: bytes) -> None:
    call.captured = _readable(around, call, held)
    call.outgoing = held
    call.outgoing_bytes = len(held)


def _take_empty_body(call: Call) -> None:
    call.captured = b""
    if call.declared_bytes == 0:
        call.outgoing = b""
        call.outgoing_bytes = 0
    if call.key is not None and call.signature is not None and _verified_here(call):
        if call.signature.is_streaming:  # its end is signed or has a checksum, and was cut off
            raise IncompleteBody
        check_payload(call.signature, EMPTY_SHA256)


def _streamed(call: Call, first: bytes) -> Chunks:
    """The body as it comes, every check on it, and its last chunk kept back until they have passed."""
    chunks = joined(first, call.body.chunks()) if first else call.body.chunks()
    signature, key = call.signature, call.key
    if signature is None or key is None or not _verified_here(call):
        return chunks
    if signature.payload_hash in (None, UNSIGNED_PAYLOAD):  # by Signature Version 2 and over TLS: nothing to check
        return chunks
    if not signature.is_streaming:
        return hold_last(hashed(chunks, lambda sha256: check_payload(signature, sha256)))
    if signature.payload_hash == STREAMING_EVENTS:
        return hold_last(checked(chunks, SignedEvents(signature, key.secret)))
    decoder = ChunkedDecoder.of(call.request, signature, key.secret)
    return decoded(chunks, decoder) if _resigned(call) else hold_last(checked(chunks, decoder))


def _outgoing_length(call: Call) -> int | None:
    signature = call.signature
    chunked = signature is not None and signature.is_streaming and signature.payload_hash != STREAMING_EVENTS
    if chunked and _resigned(call):
        return int(call.request.header("x-amz-decoded-content-length"))  # the decoder has looked at it
    return call.declared_bytes


def _resigned(call: Call) -> bool:
    return call.upstream is not None and call.upstream.signing == "resign"


def _is_short_form(around: Surroundings, call: Call) -> bool:
    declared = call.declared_bytes or 0
    return 0 < declared <= around.settings.captured_bytes and _is_form(call)


def _is_form(call: Call) -> bool:
    return call.request.header("content-type").lower().startswith(FORM)


def _verified_here(call: Call) -> bool:
    return call.upstream is None or call.upstream.verify == "ours"


def _readable(around: Surroundings, call: Call, held: bytes) -> bytes | None:
    return without_content_coding(held, call.request.header("content-encoding"), around.settings.captured_bytes)


def _verify(around: Surroundings, call: Call, key: AccessKey, signature: Signature, body_sha256: str | None) -> None:
    if signature.kind == "v2-form":
        verify_form_signature(call.request, call.beginning, signature, key.secret, around.now())
    elif call.form is not None:
        verify_form(call.form, bucket_and_key(call.request)[0], signature, key.secret, around.now())
    else:
        verify(call.request, signature, key.secret, body_sha256, around.now())
    if key.expires_at_us is not None and key.expired(around.clock.now_us()):
        raise ExpiredToken  # told only to who signed with its secret
    call.principal = key.principal
