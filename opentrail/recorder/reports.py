"""The door for calls that programs report themselves, in the form of client_side/reported.py: weaker evidence.

Only principals that the settings name may report, each into its own account's history. What the server knows better
than the program it sets: `sourceIPAddress` is the address that the report came from, `recipientAccountId` the
reporter's account, and `additionalEventData` says `recordedBy` `client`, `reportedBy` whom, and `reportedAt` when.
Everything else is what the program says.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from opentrail import limits
from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.authentication import authenticate
from opentrail.accounts.principal import Principal
from opentrail.clock import MICROSECONDS, Clock
from opentrail.errors import ClientError, OpenTrailError
from opentrail.intake import Intake
from opentrail.journal import EntriesRefused, Journal
from opentrail.record.encoding import TOP_LEVEL_ORDER, encode
from opentrail.record.faults import BadRecord
from opentrail.record.service_event import service_event
from opentrail.record.times import format_event_time
from opentrail.recorder.answers.refusals import BodyTooLong, JournalUnwritable, answer_to, fault_of, new_request_id
from opentrail.recorder.client_side.reported import SIGNING_NAME, Lost, ReportedBatch
from opentrail.telemetry import CALLS_REFUSED, CLIENT_CALLS_LOST, logger
from opentrail.wire.http import HttpRequest, HttpResponse
from opentrail.wire.signature_errors import InvalidSignature, MissingAuthentication
from opentrail.wire.sigv4 import read_signature

_LOG = logger("recorder")
_ORIGIN = "live"
_TYPES = frozenset({"AwsApiCall", "AwsServiceEvent"})
_CATEGORIES = frozenset({"Management", "Data"})
_MEMBERS = frozenset(TOP_LEVEL_ORDER)


class NoReporter(ClientError):
    """Only principals that the settings name may report calls."""

    code = "AccessDeniedException"
    status = 403


class BadReport(ClientError):
    """The report cannot be read."""


class Reports:
    """Takes reports; on one event loop. `reporters` are the ids of the keys that may report."""

    def __init__(
        self,
        access_keys: AccessKeys,
        reporters: frozenset[str],
        intake: Intake,
        journal: Journal,
        clock: Clock,
        source_address: Callable[[HttpRequest], str],
    ) -> None:
        self._access_keys = access_keys
        self._reporters = reporters
        self._intake = intake
        self._journal = journal
        self._clock = clock
        self._source_address = source_address
        self._batches: OrderedDict[tuple[str, str], asyncio.Task[None]] = OrderedDict()

    async def answer(self, request: HttpRequest, body: bytes) -> HttpResponse:
        """Take one report; its records are on disk when this says 200."""
        try:
            principal, key = self._reporter(request, body)
            batch = _read(body)
            await self._once((key, batch.batch_id), lambda: self._keep(batch, principal, request))
        except OpenTrailError as refusal:
            return _refusal(request, refusal)
        except Exception as fault:  # noqa: BLE001 - the last line of defence: logged and answered
            _LOG.error("report failed", action="report-failed", exc_info=fault)
            return _refusal(request, OpenTrailError("We encountered an internal error. Please try again."))
        kept = msgspec.json.encode({"kept": len(batch.records)})
        return HttpResponse(200, (("content-type", "application/json"), ("content-length", str(len(kept)))), kept)

    def too_long(self, request: HttpRequest) -> HttpResponse:
        """The answer to a report that is longer than `limits.API_BODY_BYTES` and was not read."""
        return _refusal(request, BodyTooLong(f"A report has at most {limits.API_BODY_BYTES} bytes."))

    def _reporter(self, request: HttpRequest, body: bytes) -> tuple[Principal, str]:
        signature = read_signature(request)
        if signature is None:
            raise MissingAuthentication
        if signature.service != SIGNING_NAME or signature.kind != "header":
            raise InvalidSignature(f"Credential should be scoped to correct service: '{SIGNING_NAME}'.")
        if request.method != "POST":
            raise BadReport("A report is a POST.")
        key = authenticate(request, signature, self._access_keys, hashlib.sha256(body).hexdigest(), self._clock)
        if key.access_key_id not in self._reporters:
            raise NoReporter
        return key.principal, key.access_key_id

    async def _once(self, batch: tuple[str, str], keep: Callable[[], Any]) -> None:
        """Keep a batch that is not being kept, nor was of late; a program that hears nothing sends it again."""
        known = self._batches.get(batch)
        if known is None or (known.done() and known.exception() is not None):
            known = self._batches[batch] = asyncio.ensure_future(keep())
            self._batches.move_to_end(batch)
            while len(self._batches) > limits.REPORTS_REMEMBERED:
                self._batches.popitem(last=False)
        await asyncio.shield(known)  # whether its caller waits or not

    async def _keep(self, batch: ReportedBatch, principal: Principal, request: HttpRequest) -> None:
        about = {
            "recordedBy": "client",
            "reportedBy": principal.arn,
            "reportedAt": format_event_time(self._clock.now_us()),
        }
        source = self._source_address(request)
        bodies = [(n, _finished(raw, principal, source, about)) for n, raw in enumerate(batch.records)]
        await asyncio.get_running_loop().run_in_executor(None, self._append, bodies, batch.attempt)
        if batch.lost is not None:
            CLIENT_CALLS_LOST.inc(batch.lost.calls)
            await asyncio.wrap_future(self._intake.live(_lost_event(batch.lost, principal)))

    def _append(self, bodies: list[tuple[int, bytes]], attempt: int) -> None:
        """On disk on return. Waits for the disk, and for the search after a restart."""
        if not bodies:
            return
        if not self._journal.writable():
            raise JournalUnwritable("The audit journal cannot be written. Please try again.")
        checked = self._intake.foreign(bodies, origin=_ORIGIN)
        if checked.set_aside:
            bad = checked.set_aside[0]
            raise BadReport(f"Record {bad.index}: {bad.reason}")
        latest_us = self._clock.now_us() + limits.REPORT_AHEAD_SECONDS * MICROSECONDS
        if max(checked.entries.times_us) > latest_us:
            raise BadReport("A call that has not been made cannot be reported: its eventTime is in the future.")
        if attempt > 1 and self._is_there(checked.entries.event_ids[0]):
            return
        try:
            self._intake.append(checked.entries, _ORIGIN)
        except EntriesRefused as refusal:
            raise BadReport(str(refusal)) from refusal

    def _is_there(self, event_id: str) -> bool:
        """Whether a batch that begins with this event was kept, as far as limits.REPORT_SEARCH_EVENTS reach back."""
        after = max(self._journal.trimmed_through(), self._journal.head() - limits.REPORT_SEARCH_EVENTS)
        while True:
            found = self._journal.read(after, limits.FOLLOWER_READ_EVENTS, origins=lambda origin: origin == _ORIGIN)
            if any(event_id in batch.entries.event_ids for batch in found):
                return True
            if found.through == after:
                return False
            after = found.through


def _read(body: bytes) -> ReportedBatch:
    try:
        return msgspec.json.decode(body, type=ReportedBatch)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise BadReport(f"The report cannot be read: {fault}") from fault


def _finished(raw: msgspec.Raw, principal: Principal, source: str, about: Mapping[str, str]) -> bytes:
    """The record's bytes as the journal gets them."""
    try:
        fields = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as fault:
        raise BadReport(f"A record cannot be read: {fault}") from fault
    unknown = fields.keys() - _MEMBERS
    if unknown:
        raise BadReport(f"A record has no {min(unknown)}.")
    if fields.get("eventType") not in _TYPES or fields.get("eventCategory") not in _CATEGORIES:
        raise BadReport("A reported record is of a call: its eventType or eventCategory is another.")
    more = fields.get("additionalEventData")
    fields["additionalEventData"] = {**(more if isinstance(more, dict) else {}), **about}
    fields["sourceIPAddress"] = source
    fields["recipientAccountId"] = principal.account
    try:
        return encode(fields)
    except BadRecord as fault:
        raise BadReport(str(fault)) from fault


def _lost_event(lost: Lost, principal: Principal) -> dict[str, Any]:
    """The event that tells of calls which a program could not keep until it could report them."""
    details = {
        "from": format_event_time(lost.from_us),
        "to": format_event_time(lost.to_us),
        "callsNotRecorded": lost.calls,
        "reportedBy": principal.arn,
    }
    return service_event("ClientRecordsLost", principal.account, "us-east-1", details)


def _refusal(request: HttpRequest, refusal: OpenTrailError) -> HttpResponse:
    fault = fault_of(refusal, "rest-json")
    CALLS_REFUSED.labels("report").inc()
    told = answer_to(fault, request, new_request_id("rest-json"))
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in told.headers)
    return HttpResponse(told.status, headers, told.body)
