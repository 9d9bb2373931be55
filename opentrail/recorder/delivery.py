"""The way of one answer from the upstream to the client, with its record made on the way."""

import asyncio
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.record.call_record import CallRecord
from opentrail.recorder.answering import ClientAnswer
from opentrail.recorder.bodies import Capture
from opentrail.recorder.call import Call
from opentrail.recorder.content_coding import without_content_coding
from opentrail.recorder.forwarding import UpstreamAnswer
from opentrail.recorder.guarantees import Keeper, NotDurable, lower_names
from opentrail.recorder.learning import Learner
from opentrail.recorder.object_data import answer_is_object_data
from opentrail.recorder.outcome import Outcome
from opentrail.recorder.recording import AnswerSeen, answered, broken_off, read_outcome
from opentrail.recorder.refusals import CallRefused, ClientGone, ClientTooSlow, fault_of
from opentrail.recorder.settings import RecorderSettings
from opentrail.telemetry import logger

_LOG = logger("recorder")

EVENT_STREAM = "application/vnd.amazon.eventstream"


class Tools(NamedTuple):
    """What every delivery uses."""

    settings: RecorderSettings
    keeper: Keeper
    learner: Learner
    learning: Executor  # one thread: the catalog is written there, so that nobody else waits for its disk


class Delivery:
    """One answer. Short ones wait whole for their record; long ones pass chunk by chunk, their last chunk waits."""

    def __init__(self, tools: Tools, call: Call, answer: UpstreamAnswer, client: ClientAnswer, now_us: int) -> None:
        self._tools = tools
        self._call = call
        self._answer = answer
        self._client = client
        self._now_us = now_us
        self._headers = lower_names(answer.headers)
        wanted = not answer_is_object_data(call.service, call.request, answer.status)
        self._capture = Capture("response", tools.settings.captured_bytes, wanted)

    async def run(self) -> None:
        """Deliver and record. Raises UpstreamBroken or UpstreamSilent while nothing has been sent."""
        held, complete = await self._hold()
        if complete:
            await self._answer_whole(b"".join(held))
        else:
            await self._answer_in_chunks(held)

    async def _hold(self) -> tuple[list[bytes], bool]:
        """The beginning of the body, and whether it is all."""
        answer = self._answer
        held: list[bytes] = []
        if self._is_long():
            return held, False
        while chunk := await answer.next_chunk():
            held.append(chunk)
            self._capture.add(chunk)
            if self._capture.length > limits.HELD_ANSWER_BYTES:
                return held, False
        return held, True

    async def _answer_whole(self, body: bytes) -> None:
        try:
            await self._tools.keeper.keep(self._call, await self._final_records())
        except NotDurable:
            self._client.cut()
            return
        await self._client.whole(self._answer.status, self._answer.headers, body)

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
        await self._finish(last)

    async def _pass_on(self, held: list[bytes]) -> bytes:
        """Send all but the last chunk, which is returned."""
        client, answer, capture = self._client, self._answer, self._capture
        await client.start(answer.status, answer.headers)
        last = b"".join(held)
        held.clear()
        while chunk := await answer.next_chunk():
            capture.add(chunk)
            if last:
                await client.chunk(last)
            last = chunk
        return last

    async def _finish(self, last: bytes) -> None:
        try:
            await self._client.chunk(last, last=True)
        except (ClientGone, ClientTooSlow):
            self._client.cut()  # its record says that all was sent; the last chunk is on its way or lost

    async def _final_records(self) -> list[CallRecord]:
        """The records of the whole exchange; keys that it made are known from here on."""
        found = self._outcome()
        await self._learn(found)
        return answered(self._call, self._tools.settings, found)

    async def _learn(self, found: Outcome) -> None:
        tools, interpreted = self._tools, self._call.interpreted
        if interpreted is None or not tools.learner.concerns(interpreted, found):
            return
        learn = partial(tools.learner.learn, interpreted, found, self._call.principal, self._now_us)
        try:
            await asyncio.get_running_loop().run_in_executor(tools.learning, learn)
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
            body = without_content_coding(body, self._headers.get("content-encoding", ""), settings.captured_bytes)
        answer = AnswerSeen(self._answer.status, self._headers, body, self._answer.uploaded_bytes, capture.length)
        found = read_outcome(call, settings, answer)
        if call.principal is None and call.key is not None and _accepted(self._answer.status, found.error_code):
            call.principal = call.key.principal  # the upstream has verified what we did not
        return found

    def _is_long(self) -> bool:
        """Whether the head alone tells that the answer will not be held: by its length, or because it never ends."""
        if self._headers.get("content-type", "").startswith(EVENT_STREAM):
            return True
        length = self._answer.length
        return length is not None and length > limits.HELD_ANSWER_BYTES and self._call.request.method != "HEAD"


def _accepted(status: int, error_code: str | None) -> bool:
    """Whether an upstream that verifies signatures itself has found this one good."""
    return error_code is None and status < 400
