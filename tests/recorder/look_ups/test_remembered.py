"""An upstream is asked once for a caller, however many calls wait for the answer."""

import asyncio
import threading

from opentrail import limits
from opentrail.accounts.principal import iam_user
from opentrail.clock import SettableClock
from opentrail.recorder.forwarding.upstreams import LookUp, Upstream
from opentrail.recorder.look_ups import RememberedCallers

DANA = iam_user("111122223333", "dana", "AIDADANA")
UPSTREAM = Upstream("u", "http://u", frozenset({"*"}), verify="upstream", look_up=LookUp(cache_seconds=100.0))


class _Asked:
    def __init__(self, answer):
        self.answer = answer
        self.count = 0
        self.released = threading.Event()

    def __call__(self, upstream, access_key_id):
        self.count += 1
        assert self.released.wait(5)
        return self.answer


def test_calls_that_come_together_share_one_question():
    asked = _Asked(DANA)

    async def main():
        callers = RememberedCallers(asked, SettableClock())
        waiting = [asyncio.create_task(callers.caller(UPSTREAM, "AKIA")) for _ in range(20)]
        await asyncio.sleep(0.05)
        asked.released.set()
        assert await asyncio.gather(*waiting) == [DANA] * 20
        callers.close()

    asyncio.run(main())
    assert asked.count == 1


def test_an_answer_holds_for_its_time_and_none_for_a_shorter_one():
    async def main(asked, seconds):
        clock = SettableClock()
        callers = RememberedCallers(asked, clock)
        await callers.caller(UPSTREAM, "AKIA")
        clock.advance(seconds - 1)
        await callers.caller(UPSTREAM, "AKIA")
        assert asked.count == 1
        clock.advance(2)
        await callers.caller(UPSTREAM, "AKIA")
        assert asked.count == 2
        callers.close()

    for answer, seconds in ((DANA, 100), (None, limits.LOOK_UP_FAILED_SECONDS)):
        asked = _Asked(answer)
        asked.released.set()
        asyncio.run(main(asked, seconds))


def test_without_a_look_up_nobody_is_asked():
    async def main():
        callers = RememberedCallers(_Asked(DANA), SettableClock())
        assert await callers.caller(Upstream("u", "http://u", frozenset({"*"})), "AKIA") is None
        callers.close()

    asyncio.run(main())
