"""The API's door: a call goes through the steps, its room answers, its record is durable, then the answer leaves."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, Protocol

from opentrail import limits
from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.attached_policies import AttachedPolicies
from opentrail.api import answering
from opentrail.api.admission import MayCall, SeenSignatures
from opentrail.api.authorization import Authorizer, PrincipalPolicies, ResourceFacts
from opentrail.api.call import Call, Room
from opentrail.api.faults import InternalFailure, NotRecorded, RequestTooLong, Throttled
from opentrail.api.rooms.lookup import Lookup, LookupRoom
from opentrail.api.self_recording import record_of
from opentrail.api.steps import STEPS, Surroundings, asked
from opentrail.clock import MICROSECONDS, Clock
from opentrail.errors import OpenTrailError
from opentrail.intake import marked
from opentrail.telemetry import CALLS_REFUSED, logger
from opentrail.wire.http import HttpRequest, HttpResponse
from opentrail.wire.service_models import service_model

log = logger("api")


class Intake(Protocol):
    """The door into the journal."""

    def live(self, fields: Mapping[str, Any], /, *, ends_intent: int | None = None) -> "Future[Any]":
        """Keep one record; the future's result means that it is on disk, and the intent is gone."""
        ...

    def intend(self, fields: Mapping[str, Any], /) -> "Future[int]":
        """Keep the record that stands if the call is never seen to end; the result is the intent's number."""
        ...

    def refuse(self, /) -> None:
        """Count a call that was refused because its record could not have been kept."""
        ...


class CloudTrailApi:
    """Answers the calls of `cloudtrail` and `cloudtrail-data`.

    `lookup` is History.lookup; `rooms` answer the other operations by name; `token_key` signs page tokens (32 bytes,
    the same after a restart). With the guarantee `durable` an answer leaves only after the record of its call is on
    disk, and `may_record` is asked before anything is done; with `write-ahead`, besides, a call that changes something
    has its intent on disk before. `source_address` tells whose address a record shows. `policies` say who
    may do what; without them everybody with a key may do everything in his account. `resources` tell of event data
    stores, channels and dashboards what their policies and conditions are about. `may_call` says whether one more call
    passes the rate limits. `policies_wait`: finding policies may wait for the network. `least_retention_days` is what
    an event data store may not be below.
    """

    def __init__(
        self,
        access_keys: AccessKeys,
        intake: Intake,
        clock: Clock,
        lookup: Lookup,
        rooms: Mapping[str, Room] | None = None,
        *,
        token_key: bytes,
        home_account: str,
        home_region: str = "us-east-1",
        guarantee: Literal["durable", "write-ahead", "async"] = "durable",
        may_record: Callable[[], bool] = lambda: True,
        source_address: Callable[[HttpRequest], str] = lambda request: request.client,
        policies: PrincipalPolicies | None = None,
        resources: ResourceFacts | None = None,
        may_call: MayCall = lambda _principal, _operation: True,
        policies_wait: bool = False,
        least_retention_days: int = 0,
    ) -> None:
        answering_rooms = {**LookupRoom(lookup, token_key).rooms, **(rooms or {})}
        durable = guarantee != "async"
        authorizer = Authorizer(policies or AttachedPolicies(), clock, source_address, resources)
        may = may_record if durable else lambda: True
        seen = SeenSignatures(clock)
        self._around = Surroundings(
            access_keys, clock, answering_rooms, may, authorizer, may_call, seen, least_retention_days
        )
        self._intake = intake
        self._steps_wait = policies_wait
        self._clock = clock
        self._durable = durable
        self._announces = guarantee == "write-ahead"
        self._home = (home_account, home_region)
        self._source_address = source_address
        self._threads = ThreadPoolExecutor(limits.API_THREADS, thread_name_prefix="api")

    async def answer(self, request: HttpRequest, body: bytes) -> HttpResponse:
        """Do the call and record it; unless the guarantee is `async`, the record is on disk when this returns."""
        call = Call(request, body)
        try:
            if self._steps_wait:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._take_steps, call)
            else:
                self._take_steps(call)
            room = self._around.rooms[asked(call).operation.name]
            await self._announce(call)
            output = await asyncio.get_running_loop().run_in_executor(self._threads, room.answer, asked(call))
            call.output = (await asyncio.wrap_future(output)) if isinstance(output, Future) else output
            response = self._success(call)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the caller gets AWS's answer and we the trace
            call.fault = call.unreadable or self._fault(call, error)
        if call.fault is not None:
            response = self._refusal(call, call.fault)
        told, position = await self._recorded(call)
        if not told:
            call.fault = NotRecorded()
            return self._refusal(call, call.fault)
        try:
            await self._finish(call, position)
        except Exception as error:  # noqa: BLE001 - as above
            return self._refusal(call, self._fault(call, error))
        return response

    def too_long(self, request: HttpRequest) -> HttpResponse:
        """The answer to a call whose body is longer than `limits.API_BODY_BYTES` and was not read."""
        CALLS_REFUSED.labels("too-long").inc()
        call = Call(request, b"")
        STEPS[0](self._around, call)
        return self._refusal(call, RequestTooLong())

    def close(self) -> None:
        """Let calls under way end and take no more."""
        self._threads.shutdown()

    def _take_steps(self, call: Call) -> None:
        for step in STEPS:
            step(self._around, call)

    async def _announce(self, call: Call) -> None:
        """With `write-ahead`, the intent of a change is on disk from here on. Raises NotRecorded.

        What only reads has none: nobody learns anything of it before its record is on disk.
        """
        if not self._announces or call.operation is None or call.operation.read_only:
            return
        fields = record_of(call, call.operation, self._source_address(call.request), *self._home)
        try:
            call.intent = await asyncio.wrap_future(self._intake.intend(marked(fields, "outcome-unknown")))
        except OpenTrailError as failure:
            raise NotRecorded from failure

    def _fault(self, call: Call, error: Exception) -> OpenTrailError:
        """What the caller is told: what is wrong with the call in full, what is wrong with us not at all."""
        if isinstance(error, OpenTrailError) and error.code != InternalFailure.code:
            return error
        log.error("a call failed", action="call-failed", request_id=call.request_id, exc_info=error)
        return InternalFailure()

    async def _finish(self, call: Call, position: int | None) -> None:
        """The second half of an operation that must come after its own record in the journal."""
        if call.operation is None or call.fault is not None or position is None:
            return
        finish = self._around.rooms[call.operation.name].after_recorded
        if finish is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, finish, asked(call), position)

    async def _recorded(self, call: Call) -> tuple[bool, int | None]:
        """Record the call: whether the caller may be told its outcome, and where its record stands, if that is known.

        An operation with a second half waits for its record whatever the guarantee is.
        """
        if call.operation is None:
            CALLS_REFUSED.labels("unknown-operation").inc()
            return True, None
        if isinstance(call.fault, Throttled):  # recorded summed up, else whoever calls too often fills the disk
            CALLS_REFUSED.labels("throttled").inc()
            return True, None
        if isinstance(call.fault, NotRecorded) and call.intent is None:
            self._intake.refuse()
            return True, None
        fields = record_of(call, call.operation, self._source_address(call.request), *self._home)
        kept = self._intake.live(fields, ends_intent=call.intent)
        room = self._around.rooms.get(call.operation.name)
        waits = call.fault is None and room is not None and room.after_recorded is not None
        if not self._durable and not waits:
            return True, None
        try:
            return True, (await asyncio.wrap_future(kept)).first
        except OpenTrailError as error:
            log.error("a call was not recorded", action="call-not-recorded", error=error.message)
            return False, None

    def _success(self, call: Call) -> HttpResponse:
        operation = asked(call).operation
        shape = service_model(operation.service).operation_model(operation.name).output_shape
        return answering.success(call.service, shape, call.output or {}, self._stamp(call))

    def _refusal(self, call: Call, fault: OpenTrailError) -> HttpResponse:
        return answering.refusal(call.service, fault, self._stamp(call))

    def _stamp(self, call: Call) -> answering.Stamp:
        return answering.Stamp(call.request_id, self._clock.now_us() / MICROSECONDS)
