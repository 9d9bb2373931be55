"""CPU µs of recording a call, stage by stage and in sum: all that the recorder does but carry bytes over sockets.

    python -m benchmarks.recording [--rounds 15] [--seconds 2] [--call "sqs SendMessage"]

Calls as boto3 signs them, with their services' answers, go through the recorder's own functions in one process, in the
recorder's order. A stage is the best of some rounds of 200 calls, by the CPU clock of the thread; `together` is all of
them one after the other for each call, which the processor's caches like less. Then the whole, with a journal on disk
(in $TMPDIR): 8 calls at a time wait for their records (`durable`), or nobody does (`async`); CPU of the process by
getrusage, user and system, the committer's thread included. Last, keeping alone.
"""

import argparse
import asyncio
import hashlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.recorded_calls import ACCESS_KEY, ACCOUNT, SECRET, Sample, samples
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.authentication import check_token
from opentrail.accounts.principal import iam_user
from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock, as_datetime
from opentrail.intake import Intake
from opentrail.intake.stamping import stamp
from opentrail.journal import Journal
from opentrail.recorder.call import Call
from opentrail.recorder.forwarding.bodies import Memory, RequestBody
from opentrail.recorder.forwarding.outgoing import outgoing_request
from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.identity.client_address import client_address
from opentrail.recorder.learning import Learner
from opentrail.recorder.records.guarantees import Keeper
from opentrail.recorder.records.object_data import answer_is_object_data, request_is_object_data
from opentrail.recorder.records.recording import AnswerSeen, answered, read_outcome
from opentrail.recorder.settings import RecorderSettings
from opentrail.recorder.understanding.interpretation import interpret
from opentrail.recorder.understanding.one_meaning import require_one_meaning
from opentrail.recorder.understanding.recognition import recognise
from opentrail.wire.sigv4 import check_payload, needs_body, read_signature, verify

CALLS = 200  # in one round of a stage
AT_ONCE = 8  # calls that wait for their records together
WINDOWS = 4  # of which the best counts

PASSED_ON = Upstream("moto", "http://127.0.0.1:5000", frozenset({"*"}), account_header="x-moto-account-id")
SIGNED_ANEW = Upstream(
    "s3", "http://127.0.0.1:8333", frozenset({"s3"}), signing="resign", access_key_id="UPSTREAM", secret_access_key="s"
)


class _NoBody:
    """A body that nobody reads: it is handed over beside the call."""

    received = 0
    touched = False
    ended = True

    async def read(self) -> bytes:
        return b""

    def rest(self) -> bytes | None:
        return b""


class Bench:
    """The recorder's parts around one journal."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        principal = iam_user(ACCOUNT, "bench", "AIDAEXAMPLEUSER00002")
        self.key = AccessKey(ACCESS_KEY, SECRET, principal)
        self.keys = AccessKeys(open_catalog(folder / "catalog"), b"k" * 32, (self.key,))
        self.learner = Learner(self.keys)
        self.settings = RecorderSettings(home_account=ACCOUNT, spool_folder=folder)
        self.journal = Journal.open(folder / "journal", self.clock)
        self.intake = Intake(self.journal, self.clock)

    def keeper(self, guarantee: Any) -> Keeper:
        return Keeper(self.intake, self.clock, guarantee)

    def close(self) -> None:
        self.intake.close()
        self.journal.close()
        self.keys.close()

    def fresh(self, sample: Sample) -> Call:
        """The call as the transport hands it over."""
        return Call(sample.request(), RequestBody(_NoBody(), Memory(0)), None)

    # The stages, in the recorder's order.

    def head(self, call: Call, sample: Sample) -> None:
        call.source_address = client_address(call.request.client, call.request.header("x-forwarded-for"), ())

    def signature(self, call: Call, sample: Sample) -> None:
        call.signature = read_signature(call.request)

    def service(self, call: Call, sample: Sample) -> None:
        call.service = recognise(call.request, call.signature, b"")
        call.object_data = request_is_object_data(call.service, call.request)

    def principal(self, call: Call, sample: Sample) -> None:
        assert call.signature is not None
        key = self.keys.find(call.signature.access_key)
        assert key is not None
        check_token(key, call.signature.session_token)
        call.key = key

    def verification(self, call: Call, sample: Sample) -> None:
        assert call.signature is not None and call.key is not None
        sha256 = None
        if needs_body(call.signature):
            sha256 = hashlib.sha256(sample.body).hexdigest()
        verify(call.request, call.signature, call.key.secret, sha256, as_datetime(self.clock.now_us()))
        if not call.object_data and sha256 is None:
            check_payload(call.signature, hashlib.sha256(sample.body).hexdigest())
        call.principal = call.key.principal

    def interpretation(self, call: Call, sample: Sample) -> None:
        if not call.object_data:
            call.captured = sample.body
            call.outgoing = sample.body
            if sample.body and call.request.header("content-type").startswith("application/x-www-form"):
                call.service = recognise(call.request, call.signature, sample.body) or call.service
        call.interpreted = interpret(call.service, call.request, call.captured, call.signature)

    def one_meaning(self, call: Call, sample: Sample) -> None:
        require_one_meaning(call)

    def outgoing(self, call: Call, sample: Sample) -> None:
        upstream = SIGNED_ANEW if call.service == "s3" else PASSED_ON
        outgoing_request(call, upstream, lambda: as_datetime(self.clock.now_us()), ACCOUNT)

    def outcome(self, call: Call, sample: Sample) -> Any:
        body = None if answer_is_object_data(call.service, call.request, sample.status) else sample.answer_body
        seen = AnswerSeen(sample.status, sample.answer_headers, body, len(sample.body), len(sample.answer_body))
        found = read_outcome(call, self.settings, seen)
        assert call.interpreted is not None
        self.learner.concerns(call.interpreted, found)
        return found

    def record(self, call: Call, found: Any) -> Any:
        return answered(call, self.settings, found)

    def whole(self, sample: Sample) -> Any:
        """Every stage but the journal; the call and its records."""
        call = self.fresh(sample)
        for _, stage in STAGES:
            stage(self, call, sample)
        return call, self.record(call, self.outcome(call, sample))


Stage = Callable[[Bench, Call, Sample], None]
STAGES: tuple[tuple[str, Stage], ...] = (
    ("head", Bench.head),
    ("signature", Bench.signature),
    ("service", Bench.service),
    ("principal", Bench.principal),
    ("verify", Bench.verification),
    ("interpret", Bench.interpretation),
    ("meaning", Bench.one_meaning),
    ("outgoing", Bench.outgoing),
)
COLUMNS = (*(name for name, _ in STAGES), "outcome", "record", "encode")


def by_stage(bench: Bench, sample: Sample, rounds: int) -> dict[str, float]:
    """µs of CPU of each stage: the best of the rounds, for what neighbours do to the caches only adds."""
    each = [_one_round(bench, sample) for _ in range(rounds)]
    return {name: min(spent[name] for spent in each) for name in (*COLUMNS, "together")}


def _one_round(bench: Bench, sample: Sample) -> dict[str, float]:
    calls = [bench.fresh(sample) for _ in range(CALLS)]
    spent = {name: _timed(lambda stage=stage: [stage(bench, call, sample) for call in calls]) for name, stage in STAGES}
    found: list[Any] = []
    spent["outcome"] = _timed(lambda: found.extend(bench.outcome(call, sample) for call in calls))
    records: list[Any] = []
    spent["record"] = _timed(
        lambda: records.extend(bench.record(call, one) for call, one in zip(calls, found, strict=True))
    )
    spent["encode"] = _timed(lambda: [stamp(one[0], bench.clock.now_us()) for one in records])
    spent["together"] = _timed(lambda: [_recorded(bench, sample) for _ in range(CALLS)])
    return spent


def _recorded(bench: Bench, sample: Sample) -> bytes:
    _, records = bench.whole(sample)
    return stamp(records[0], bench.clock.now_us())[0]


def _timed(work: Callable[[], Any]) -> float:
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1000 / CALLS


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


MakeRecords = Callable[[], tuple[Call, Any]]


async def _durably(keeper: Keeper, make: MakeRecords, seconds: float, at_once: int) -> float:
    calls = 0
    end = time.monotonic() + seconds

    async def client() -> None:
        nonlocal calls
        while time.monotonic() < end:
            await keeper.keep(*make())
            calls += 1

    cpu = _cpu_seconds()
    await asyncio.gather(*(client() for _ in range(at_once)))
    return (_cpu_seconds() - cpu) / calls * 1e6


async def _nobody_waits(keeper: Keeper, make: MakeRecords, seconds: float, at_once: int) -> float:
    calls = 0
    end = time.monotonic() + seconds
    cpu = _cpu_seconds()
    while time.monotonic() < end:
        for _ in range(at_once):
            await keeper.keep(*make())
        calls += at_once
        await asyncio.sleep(0.0005)  # the load of some thousand calls a second, not a flood
    await asyncio.sleep(0.02)  # what was gathered is committed
    return (_cpu_seconds() - cpu) / calls * 1e6


def _with_journal(bench: Bench, guarantee: str, make: MakeRecords, seconds: float, at_once: int) -> float:
    """µs of CPU a call of the whole process, on the event loop that the server has: the best of some windows."""
    work = _durably if guarantee == "durable" else _nobody_waits
    keeper = bench.keeper(guarantee)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return min(runner.run(work(keeper, make, seconds / WINDOWS, at_once)) for _ in range(WINDOWS))


def handing_over(bench: Bench, sample: Sample, seconds: float) -> None:
    """What keeping costs by itself: encoding, the journal, waking the caller."""
    call, records = bench.whole(sample)

    def again() -> tuple[Call, Any]:
        call.recorded = False
        return call, records

    for at_once in (1, 8, 32, 128):
        spent = [_with_journal(bench, guarantee, again, seconds, at_once) for guarantee in ("durable", "async")]
        print(f"keeping alone, {at_once:>3} at once: durable {spent[0]:6.1f}   async {spent[1]:6.1f}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--call", help="only this one, such as 'sqs SendMessage'")
    chosen, _ = parser.parse_known_args()
    print(f"µs of CPU a call; durable and async: the whole with the journal, {AT_ONCE} calls at once")
    print(
        f"{'':<29}"
        + "".join(f"{name[:9]:>10}" for name in COLUMNS)
        + f"{'sum':>9}{'together':>9}{'durable':>9}{'async':>9}"
    )
    sums: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for sample in samples():
            if chosen.call and chosen.call != sample.name:
                continue
            spent = by_stage(bench, sample, chosen.rounds)
            sums.append(sum(spent[name] for name in COLUMNS))
            row = f"{sample.name[:28]:<29}" + "".join(f"{spent[name]:>10.1f}" for name in COLUMNS) + f"{sums[-1]:>9.1f}"
            row += f"{spent['together']:>9.1f}"
            for guarantee in ("durable", "async"):
                cpu = _with_journal(bench, guarantee, partial(bench.whole, sample), chosen.seconds, AT_ONCE)
                row += f"{cpu:>9.1f}"
            print(row, flush=True)
        print(f"{'mean of the sums':<29}{statistics.fmean(sums):>9.1f}")
        handing_over(bench, sample, chosen.seconds)
        bench.close()


if __name__ == "__main__":
    main()
