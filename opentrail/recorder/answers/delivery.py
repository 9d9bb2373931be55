"""The way of one answer from the upstream to the client, with its record made on the way."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.errors import OpenTrailError
from opentrail.record.call_record import CallRecord
from opentrail.recorder.access.changes_seen import ChangesSeen
from opentrail.recorder.answers.answering import ClientAnswer
from opentrail.recorder.answers.bucket_listing import Owns, is_bucket_listing, of_own_buckets
from opentrail.recorder.answers.own_sts import OwnAnswer
from opentrail.recorder.answers.refusals import CallRefused, ClientGone, ClientTooSlow, fault_of
from opentrail.recorder.answers.true_answers import correction_of
from opentrail.recorder.call import Call
from opentrail.recorder.forwarding.bodies import Capture
from opentrail.recorder.identity.callers import accepted_caller, judged_caller
from opentrail.recorder.learning import Learner
from opentrail.recorder.look_ups import RememberedCallers
from opentrail.recorder.proxy.upstream_exchange import UpstreamExchange
from opentrail.recorder.records.guarantees import Keeper, NotDurable, lower_names, with_length
from opentrail.recorder.records.object_data import answer_is_object_data
from opentrail.recorder.records.outcome import Outcome
from opentrail.recorder.records.recording import AnswerSeen, answered, broken_off, read_outcome
from opentrail.recorder.settings import RecorderSettings
from opentrail.recorder.understanding.content_coding import without_content_coding
from opentrail.telemetry import logger

_LOG = logger("recorder")

_FIRST_REFUSAL = 400
EVENT_STREAM = "application/vnd.amazon.eventstream"


class Tools(NamedTuple):
    """What every delivery uses."""

    settings: RecorderSettings
    keeper: Keeper
    access_keys: AccessKeys
    callers: RememberedCallers
    learner: Learner
    learning: Executor  # one thread: the catalog is written there, so that nobody else waits for its disk
    changes_seen: ChangesSeen | None = None
    owns: Owns | None = None  # where callers are shown their own buckets alone


class Delivery:
    """One answer. Short ones wait whole for their record; long ones pass chunk by chunk, their last chunk waits."""

    def __init__(
        self, tools: Tools, call: Call, answer: UpstreamExchange | OwnAnswer, client: ClientAnswer, now_us: int
    ) -> None:
        self._tools = tools
        self._call = call
        self._answer = answer
        self._client = client
        self._now_us = now_us
        self._corrected = False  # the body is one of ours, not coded
        self._headers = lower_names(answer.headers)
        wanted = not answer_is_object_data(call.service, call.request, answer.status)
        self._capture = Capture("response", tools.settings.captured_bytes, wanted)

    async def run(self) -> None:
        """Deliver and record. Raises UpstreamBroken or UpstreamSilent while nothing has been sent."""
        held: list[bytes] = []
        long = self._is_long()
        whole = None if long else self._answer.rest(limits.HELD_ANSWER_BYTES)
        if whole is not None:
            self._capture.add(whole)
        elif not long:
            held, complete = await self._hold()
            whole = b"".join(held) if complete else None
        if self._call.key is None:
            await self._look_up_caller()
        if whole is not None:
            await self._answer_whole(whole)
        else:
            await self._answer_in_chunks(held)

    async def _hold(self) -> tuple[list[bytes], bool]:
        """The beginning of the body as it comes, and whether it is all."""
        answer = self._answer
        held: list[bytes] = []
        while chunk := await answer.next_chunk():
            held.append(chunk)
            self._capture.add(chunk)
            if self._capture.length > limits.HELD_ANSWER_BYTES:
                return held, False
        return held, True

    async def _answer_whole(self, body: bytes) -> None:
        headers = self._answer.headers
        correction = correction_of(self._call, self._answer.status)
        read = self._decoded(body) if correction is not None else None
        if correction is not None and read is not None:
            true = correction(self._call, self._tools.access_keys, read)
            self._capture.replace(true)
            self._corrected = True
            headers, body = with_length(headers, len(true)), true
        if self._tools.owns is not None and is_bucket_listing(self._call) and self._answer.status < _FIRST_REFUSAL:
            read = self._decoded(body)
            shown = of_own_buckets(self._call, self._tools.owns, read if read is not None else b"")
            self._capture.replace(shown)
            self._corrected = True
            headers, body = with_length(headers, len(shown)), shown
        try:
            await self._tools.keeper.keep(self._call, await self._final_records())
        except NotDurable:
            self._client.cut()
            return
        self._client.whole(self._answer.status, headers, body)

    async def _answer_in_chunks(self, held: list[bytes]) -> None:
        keeper = self._tools.keeper
        try:
            await keeper.announce(self._call, self._records()[0], "answer-interrupted")
        except NotDurable:
            # It has acted: intake keeps the record until there is room.
            keeper.hand_over(self._call, await self._final_records())
            self._client.cut()
            return
        try:
            last = await self._pass_on(held)
        except (ClientGone, ClientTooSlow):
            keeper.hand_over(self._call, self._records())
            self._client.cut()
            return
        except CallRefused as failure:
            broken = broken_off(self._records()[0], fault_of(failure, self._call.family))
            keeper.hand_over(self._call, [broken])
            self._client.cut()
            return
        try:
            await keeper.keep(self._call, await self._final_records())
        except NotDurable:
            self._client.cut()
            return
        self._finish(last)

    async def _pass_on(self, held: list[bytes]) -> bytes:
        """Send all but the last chunk, which is returned; of event streams all: the next may be long in coming."""
        client, answer, capture = self._client, self._answer, self._capture
        client.start(answer.status, answer.headers, answer.length)
        last = b"".join(held)
        held.clear()
        at_once = answer.length is None and self._headers.get("content-type", "").startswith(EVENT_STREAM)
        while chunk := await answer.next_chunk():
            capture.add(chunk)
            if at_once:
                await client.chunk(chunk)
                continue
            if last:
                await client.chunk(last)
            last = chunk
        return last

    def _finish(self, last: bytes) -> None:
        try:
            self._client.last_chunk(last)
        except ClientGone:
            self._client.cut()  # its record says that all was sent; the last chunk is on its way or lost

    async def _final_records(self) -> list[CallRecord]:
        """The records of the whole exchange; keys that it made are known from here on."""
        found = self._outcome()
        if told := self._to_be_learned(found):
            await self._learn(told)
        return answered(self._call, self._tools.settings, found)

    async def _look_up_caller(self) -> None:
        """Who signed with a key that was never seen here, once the upstream has let it pass."""
        call = self._call
        passed = self._answer.status < _FIRST_REFUSAL
        if call.key is None and call.signature is not None and call.upstream is not None and passed:
            principal = await self._tools.callers.caller(call.upstream, call.signature.access_key)
            if principal is not None:
                call.key = AccessKey(call.signature.access_key, "", principal)

    def _to_be_learned(self, found: Outcome) -> list[Callable[[], None]]:
        """What the answer tells of keys and of what is remembered; nearly always nothing."""
        tools, interpreted = self._tools, self._call.interpreted
        told: list[Callable[[], None]] = []
        if interpreted is None or self._call.answered_here:
            return told
        if tools.learner.concerns(interpreted, found):
            told.append(partial(tools.learner.learn, interpreted, found, self._call.principal, self._now_us))
        if tools.changes_seen is not None and tools.changes_seen.concerns(interpreted, found):
            told.append(partial(tools.changes_seen.take, interpreted, self._call.principal))
        return told

    async def _learn(self, told: Sequence[Callable[[], None]]) -> None:
        try:
            for learn in told:
                await asyncio.get_running_loop().run_in_executor(self._tools.learning, learn)
        except (OpenTrailError, SQLAlchemyError) as fault:
            # The upstream has acted: the record and the answer say so, though a key that it made stays unknown.
            _LOG.error("key not learned", action="learn", error=type(fault).__name__)

    def _records(self) -> list[CallRecord]:
        """The records of the exchange as far as it has come."""
        return answered(self._call, self._tools.settings, self._outcome())

    def _outcome(self) -> Outcome:
        call, settings, capture = self._call, self._tools.settings, self._capture
        body = capture.body
        if body is not None:
            body = self._decoded(body)
        answer = AnswerSeen(self._answer.status, self._headers, body, self._answer.uploaded_bytes, capture.length)
        if call.principal is None:  # the upstream verifies what we did not
            call.principal = accepted_caller(call, answer.status)
        found = read_outcome(call, settings, answer)
        if call.principal is None and call.interpreted is not None:
            call.principal = judged_caller(call, call.interpreted, found.error_code, found.error_message)
        return found

    def _decoded(self, body: bytes) -> bytes | None:
        """The body without its codings; None where they cannot be read."""
        if self._corrected:
            return body
        coding = self._headers.get("content-encoding", "")
        return without_content_coding(body, coding, self._tools.settings.captured_bytes)

    def _is_long(self) -> bool:
        """Whether the head alone tells that the answer will not be held: by its length, or because it never ends."""
        if self._headers.get("content-type", "").startswith(EVENT_STREAM):
            return True
        length = self._answer.length
        return length is not None and length > limits.HELD_ANSWER_BYTES and self._call.request.method != "HEAD"
