"""Event streams: requests pass as they come, answers event by event, and the record is kept before the stream ends."""

import asyncio
import threading

from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream
from tests.wire.other_signers import frame, text_header


def event(kind: str) -> bytes:
    return frame(text_header(":message-type", "event") + text_header(":event-type", kind), b"{}")


FIRST = event("initial-response") + event("sessionStart")
SECOND = event("sessionUpdate")


def test_each_event_of_an_answer_arrives_when_it_is_sent(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    seen, in_time = threading.Event(), list[bool]()

    async def stream(arrived: Arrived) -> None:
        await arrived.body()
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        arrived.writer.write(head + b"%x\r\n%s\r\n" % (len(FIRST), FIRST))
        await arrived.writer.drain()
        in_time.append(await asyncio.get_running_loop().run_in_executor(None, seen.wait, 5))
        arrived.writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(SECOND), SECOND))
        await arrived.writer.drain()

    upstream.script = stream
    client = recorder.client("logs", inject_host_prefix=False)
    answer = client.start_live_tail(logGroupIdentifiers=["arn:aws:logs:us-east-1:123456789012:log-group:g"])
    events = iter(answer["responseStream"])
    assert "sessionStart" in next(events)
    seen.set()
    assert "sessionUpdate" in next(events)
    assert list(events) == []
    assert in_time == [True]
    record = recorder.record()
    assert (record["eventName"], record["responseElements"]) == ("StartLiveTail", None)
