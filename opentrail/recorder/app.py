"""The recorder: a reverse proxy in front of AWS-compatible endpoints that leaves a record of every call.

steps.STEPS          who calls what, is the signature good, can it be recorded
outgoing, forwarding the request goes to its upstream, the answer comes back, as streams
delivery             outcome -> record -> guarantee -> the client
refusals             whatever goes wrong on the way is answered in the service's own protocol, and recorded too
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from opentrail import limits
from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.principal import Principal
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.recorder.access.changes_seen import ChangesSeen
from opentrail.recorder.access.enforcing import keep_policies
from opentrail.recorder.access.rate_limit import RateExceeded, steps_with
from opentrail.recorder.access.upstream_policies import UpstreamPolicies
from opentrail.recorder.answers.answering import ClientAnswer
from opentrail.recorder.answers.delivery import Delivery, Tools
from opentrail.recorder.answers.own_sts import OwnAnswer, OwnSts
from opentrail.recorder.answers.refusals import (
    CallRefused,
    ClientGone,
    JournalUnwritable,
    NoUpstream,
    UpstreamDown,
    UpstreamSilent,
    answer_to,
    fault_of,
    new_request_id,
)
from opentrail.recorder.call import Call
from opentrail.recorder.forwarding.bodies import Memory, RequestBody
from opentrail.recorder.forwarding.exchange import Forwarder
from opentrail.recorder.forwarding.outgoing import outgoing_request
from opentrail.recorder.forwarding.upstreams import Upstreams
from opentrail.recorder.learning import Learner
from opentrail.recorder.look_ups import RememberedCallers, UpstreamLookUps
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.upstream_exchange import UpstreamExchange
from opentrail.recorder.records.guarantees import Keeper, NotDurable
from opentrail.recorder.records.recording import announced, refused
from opentrail.recorder.settings import RecorderSettings
from opentrail.recorder.steps import understand_refused
from opentrail.recorder.surroundings import Surroundings
from opentrail.telemetry import CALLS_REFUSED, logger

_LOG = logger("recorder")


class Recorder:
    """Forwards calls and records them. One per process; `handle` runs on one event loop."""

    def __init__(
        self,
        upstreams: Upstreams,
        access_keys: AccessKeys,
        intake: Intake,
        journal: Journal,
        clock: Clock,
        settings: RecorderSettings,
        may_call: Callable[[Principal], bool] | None = None,
        *,
        changes_seen: ChangesSeen | None = None,
        enforced: UpstreamPolicies | None = None,
        own_sts: OwnSts | None = None,
    ) -> None:
        """`may_call`: whether one more call of a principal passes the rate limits, where there are any.

        `enforced`: the policies at the upstreams decide calls, and each account is shown its own buckets alone.
        """
        memory = Memory(settings.held_request_bytes)
        self._spooling = ThreadPoolExecutor(limits.SPOOL_THREADS, thread_name_prefix="spool")
        self._around = Surroundings(upstreams, access_keys, journal, clock, settings, memory, self._spooling, own_sts)
        self._keeper = Keeper(intake, clock, settings.guarantee)
        self._learning = ThreadPoolExecutor(1, thread_name_prefix="learning")
        look_ups = UpstreamLookUps(upstreams, clock)
        self._callers = RememberedCallers(look_ups.key, clock)
        learner = Learner(access_keys, look_ups)
        owns = enforced.owns if enforced is not None else None
        self._tools = Tools(
            settings, self._keeper, access_keys, self._callers, learner, self._learning, changes_seen, owns
        )
        self._enforced = enforced
        self._forwarder = Forwarder(settings)
        self._steps = steps_with(may_call)
        self._strangers = Memory(settings.held_strangers_bytes)

    async def close(self) -> None:
        """Close the connections to the upstreams; what is being learned is on disk."""
        self._forwarder.close()
        self._keeper.close()
        self._callers.close()
        self._learning.shutdown()
        self._spooling.shutdown()

    async def handle(self, exchange: Exchange) -> None:
        """Answer one call; as `records.guarantees` has it, its record is durable when the answer is complete."""
        body = RequestBody(exchange.body, self._strangers)
        call = Call(exchange.request, body, exchange)
        client = ClientAnswer(call, exchange)
        answer: UpstreamExchange | OwnAnswer | None = None
        try:
            for step in self._steps:
                if (waiting := step(self._around, call)) is not None:
                    await waiting
            if self._enforced is not None:
                await keep_policies(self._around, self._enforced, call)
            answer = await (self._own_answer(call) if call.answered_here else self._exchange(call))
            await Delivery(self._tools, call, answer, client, self._around.clock.now_us()).run()
        except OpenTrailError as refusal:
            await self._refuse(call, client, refusal)
        except asyncio.CancelledError:
            self._note_cancelled(call)
            client.cut()
            raise
        except Exception as fault:  # noqa: BLE001 - the last line of defence: logged, recorded and answered
            _LOG.error("call failed", action="call-failed", exc_info=fault)
            await self._refuse(call, client, OpenTrailError("We encountered an internal error. Please try again."))
        finally:
            body.release()
            if answer is not None:
                answer.close()
            if call.spool is not None:
                call.spool.close()

    async def _own_answer(self, call: Call) -> OwnAnswer:
        own_sts = self._around.own_sts
        if own_sts is None:
            raise NoUpstream
        if self._keeper.announces_all:
            await self._announce(call)
        return await asyncio.get_running_loop().run_in_executor(self._learning, own_sts.answer, call)

    async def _exchange(self, call: Call) -> UpstreamExchange:
        if call.upstream is None:
            raise NoUpstream
        target, headers = outgoing_request(call, call.upstream, self._around.now, self._around.settings.home_account)
        if self._keeper.announces_all:
            await self._announce(call)
        call.sent_upstream = True
        try:
            return await self._forwarder.send(
                call.upstream,
                call.request.method,
                target,
                headers,
                call.outgoing,
                call.outgoing_bytes,
                repeatable=_only_reads(call),
            )
        except UpstreamDown:
            call.sent_upstream = False
            raise

    async def _announce(self, call: Call) -> None:
        """The call's intent is on disk from here on. Raises JournalUnwritable."""
        try:
            await self._keeper.announce(call, announced(call, self._around.settings), "outcome-unknown")
        except NotDurable as failure:
            raise JournalUnwritable from failure

    async def _refuse(self, call: Call, client: ClientAnswer, refusal: OpenTrailError) -> None:
        """Record and answer a call that gets no answer of its upstream."""
        if client.started:
            _LOG.warning("answer cut", action="answer-cut", error=refusal.message)
            if not call.recorded:
                fault = fault_of(refusal, call.family)
                self._keeper.hand_over(call, [refused(call, self._around.settings, fault, new_request_id(call.family))])
            client.cut()
            return
        request_id = new_request_id(call.family)
        if isinstance(refusal, RateExceeded):  # recorded summed up, else whoever calls too often fills the disk
            CALLS_REFUSED.labels(refusal.reason).inc()
            throttled = answer_to(fault_of(refusal, call.family), call.request, request_id)
            client.whole(throttled.status, throttled.headers, throttled.body)
            return
        await understand_refused(self._around, call)
        if isinstance(refusal, JournalUnwritable):
            self._keeper.refuse()
        else:
            CALLS_REFUSED.labels(refusal.reason if isinstance(refusal, CallRefused) else refusal.code).inc()
            record = refused(call, self._around.settings, fault_of(refusal, call.family), request_id)
            try:
                await self._keeper.keep(call, [record])
            except NotDurable:
                if call.sent_upstream:
                    client.cut()
                    return
                refusal = JournalUnwritable()
        if isinstance(refusal, ClientGone):
            client.cut()
            return
        told = answer_to(fault_of(refusal, call.family), call.request, request_id)
        client.whole(told.status, told.headers, told.body)

    def _note_cancelled(self, call: Call) -> None:
        """The server stops while the upstream is at work: the record says so, and nobody waits for it."""
        if call.sent_upstream and not call.recorded:
            fault = fault_of(UpstreamSilent("The recorder stopped before the service answered."), call.family)
            record = refused(call, self._around.settings, fault, new_request_id(call.family))
            self._keeper.hand_over(call, [record])


def _only_reads(call: Call) -> bool:
    """Whether the call may be made twice: of forms in the URL nobody knows."""
    return call.request.method in ("GET", "HEAD") and not call.has_body and "action=" not in call.request.query.lower()
