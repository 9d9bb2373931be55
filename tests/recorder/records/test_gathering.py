"""Records that end together share a commit; each caller is told of its own, and nothing is lost at the end."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from opentrail import limits
from opentrail.clock import SettableClock
from opentrail.intake import Intake, StampedRecord
from opentrail.journal import Appended, EntriesRefused, Journal, JournalUnwritable
from opentrail.record.call_record import CallRecord, identity_json
from opentrail.recorder.records.gathering import Gathering
from tests.journal.making import open_journal, read_all

ROOT = identity_json({"type": "Root", "accountId": "111122223333"})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal", SettableClock()) as opened:
        yield opened


@pytest.fixture
def intake(journal: Journal) -> Iterator[Intake]:
    opened = Intake(journal, SettableClock())
    yield opened
    opened.close()


def stamped(intake: Intake, name: str, **how: Any) -> StampedRecord:
    record = CallRecord(
        ROOT, "sqs.amazonaws.com", name, "eu-west-1", "192.0.2.7", "test", False, "Management", "111122223333"
    )
    return intake.stamped(record, **how)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


def names(journal: Journal) -> list[list[str]]:
    return [[json.loads(body)["eventName"] for body in batch.entries.bodies] for batch in read_all(journal)]


class Held:
    """The journal's answers in the test's hands."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.asked: list[tuple[list[bytes], Future[Appended]]] = []

    def submit(self, entries: Any, *_: Any, **__: Any) -> Future[Appended]:
        future: Future[Appended] = Future()
        self.asked.append((entries.bodies, future))
        return future

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)


def test_calls_that_end_together_share_a_batch_and_the_next_ones_another(journal: Journal) -> None:
    held: Any = Held(journal)
    intake = Intake(held, SettableClock())

    async def work() -> None:
        gathering = Gathering(intake, patient=False)
        first = [gathering.durable([stamped(intake, f"A{n}")]) for n in range(3)]
        await asyncio.sleep(0)
        second = [gathering.durable([stamped(intake, "B0"), stamped(intake, "B1")])]
        await asyncio.sleep(0)
        gathering.add([stamped(intake, "B2")])
        await asyncio.sleep(0.01)
        assert [len(bodies) for bodies, _ in held.asked] == [3]
        held.asked[0][1].set_result(Appended(1, 3, 0))
        await asyncio.gather(*first)
        await asyncio.sleep(0.01)
        assert [len(bodies) for bodies, _ in held.asked] == [3, 3] and not second[0].done()
        held.asked[1][1].set_result(Appended(4, 6, 0))
        await second[0]

    run(work)
    intake.close()


def test_what_is_told_durable_is_on_disk_in_order_and_its_intents_are_gone(journal: Journal, intake: Intake) -> None:
    intents = [journal.submit_intent(b"about to happen").result() for _ in range(2)]

    async def work() -> None:
        gathering = Gathering(intake, patient=False)
        waiters = [
            gathering.durable([stamped(intake, f"C{n}", ends_intent=number)]) for n, number in enumerate(intents)
        ]
        await asyncio.gather(*waiters)
        assert names(journal) == [["C0", "C1"]] and journal.intents() == []

    run(work)


def test_a_journal_that_fails_tells_everyone_and_intake_keeps_the_records(journal: Journal) -> None:
    held: Any = Held(journal)
    intake = Intake(held, SettableClock())

    async def work() -> None:
        gathering = Gathering(intake, patient=False)
        waiters = [gathering.durable([stamped(intake, f"D{n}")]) for n in range(2)]
        await asyncio.sleep(0.01)
        held.asked[0][1].set_exception(JournalUnwritable("full"))
        for waiter in waiters:
            with pytest.raises(JournalUnwritable):
                await waiter
        assert intake.waiting() == 2
        held.submit = journal.submit

    run(work)
    assert intake.close() == 0
    assert [name for batch in names(journal) for name in batch] == ["D0", "D1"]


def test_a_record_that_spoils_the_row_spoils_no_other(journal: Journal) -> None:
    held: Any = Held(journal)
    intake = Intake(held, SettableClock())

    async def work() -> None:
        gathering = Gathering(intake, patient=False)
        waiters = [gathering.durable([stamped(intake, f"E{n}")]) for n in range(3)]
        await asyncio.sleep(0.01)
        held.asked[0][1].set_exception(EntriesRefused("one of them"))
        await asyncio.sleep(0.01)
        assert [len(bodies) for bodies, _ in held.asked] == [3, 1, 1, 1]
        for number, (_, future) in enumerate(held.asked[1:]):
            if number == 1:
                future.set_exception(EntriesRefused("this one"))
            else:
                future.set_result(Appended(1, 1, 0))
        await waiters[0]
        await waiters[2]
        with pytest.raises(EntriesRefused):
            await waiters[1]

    run(work)
    intake.close()


def test_no_batch_is_more_than_a_row_holds(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GATHERED_EVENTS", 4)
    held: Any = Held(journal)
    intake = Intake(held, SettableClock())

    async def work() -> None:
        gathering = Gathering(intake, patient=True)
        for number in range(10):
            gathering.add([stamped(intake, f"F{number}")])
        await asyncio.sleep(0)
        gathering.close()
        assert [len(bodies) for bodies, _ in held.asked] == [1, 4, 4, 1]

    run(work)
    intake.close()


def test_closing_hands_over_what_has_gathered(journal: Journal, intake: Intake) -> None:
    async def work() -> None:
        gathering = Gathering(intake, patient=True)
        gathering.add([stamped(intake, "G0")])
        gathering.close()
        gathering.add([stamped(intake, "G1")])

    run(work)
    journal.close()
    with open_journal(journal._folder, SettableClock()) as again:
        assert [name for batch in names(again) for name in batch] == ["G0", "G1"]


def test_a_caller_that_has_gone_disturbs_nobody(journal: Journal, intake: Intake) -> None:
    async def work() -> None:
        gathering = Gathering(intake, patient=False)
        gone, stays = (gathering.durable([stamped(intake, f"H{n}")]) for n in range(2))
        gone.cancel()
        await stays
        assert names(journal) == [["H0", "H1"]]

    run(work)
