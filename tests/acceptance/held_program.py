"""The real program, held at one stage of its calls: started in place of `python -m opentrail` by the crash tests.

    python -m tests.acceptance.held_program STAGE FILE serve ...

Each call that reaches the stage adds a byte to FILE and goes no further. What is held is what the recorder hands to the
journal or hears of it, so that everything else is the program as it is; its call workers are held likewise:

    before-intent   the intent is not yet handed to the journal
    after-intent    the intent is on disk, the upstream has not got the call
    before-record   the upstream has answered, the record is not yet handed to the journal
    after-record    the record is on disk, the answer has not begun
    named           each call at that of these stages which its object's key begins with
    before-events   what a killed call worker left is not yet handed to the journal, to be events
    after-events    these events are on disk, nobody has heard of it
    none            nothing is held
"""

import asyncio
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from opentrail.intake import Intake, record_unended
from opentrail.journal import Appended, Journal
from opentrail.recorder.records.gathering import Gathering
from opentrail.server.call_workers import cut_off, pool
from opentrail.server.call_workers.worker import WorkerTold, call_worker, read_told, run
from opentrail.server.cli import main
from opentrail.server.processes.children import Program
from opentrail.server.processes.ending import end_process

_submit_intent, _append_in_place, _durable = Journal.submit_intent, Journal.append_in_place, Gathering.durable


def hold(stage: str, path: Path) -> None:
    """Let no call of this process get beyond `stage`."""
    file = path.open("ab", buffering=0)

    def note(_: Any = None) -> None:
        file.write(b".")

    def held(here: str, body: bytes) -> bool:
        return stage == here or (stage == "named" and f'"key":"{here}-'.encode() in body)

    def submit_intent(journal: Journal, body: bytes, **options: Any) -> "Future[int]":
        if held("before-intent", body):
            note()
            return Future()
        announced = _submit_intent(journal, body, **options)
        if held("after-intent", body):
            announced.add_done_callback(note)
            return Future()
        return announced

    def durable(gathering: Gathering, records: Any) -> "asyncio.Future[None]":
        never = asyncio.get_running_loop().create_future()
        if held("before-record", records[0].body):
            note()
            return never
        recorded = _durable(gathering, records)
        if held("after-record", records[0].body):
            recorded.add_done_callback(note)
            return never
        return recorded

    def append_in_place(journal: Journal, *about: Any) -> Appended:
        if not recording or not stage.endswith("-events"):
            return _append_in_place(journal, *about)
        if stage == "after-events":
            _append_in_place(journal, *about)
        note()
        while True:
            time.sleep(60)

    recording: list[str] = []  # runs whose intents become events; at the start of a server they are everybody's

    def record_run(journal: Journal, intake: Intake, writer: str) -> int:
        recording.append(writer)
        return record_unended(journal, intake, writer)

    Journal.submit_intent = submit_intent  # type: ignore[method-assign]
    Journal.append_in_place = append_in_place  # type: ignore[method-assign]
    Gathering.durable = durable  # type: ignore[method-assign]
    cut_off.record_unended = record_run


def _held_worker(how: list[str], number: int, told: WorkerTold) -> Program:
    program = call_worker(number, told)
    command = [sys.executable, "-m", "tests.acceptance.held_program", *how, "call-worker", program.command[-1]]
    return replace(program, command=command)


if __name__ == "__main__":
    hold(sys.argv[1], Path(sys.argv[2]))
    if sys.argv[3] == "call-worker":
        run(read_told(int(sys.argv[4])))
        end_process()
    else:
        pool.call_worker = partial(_held_worker, sys.argv[1:3])
        sys.argv = ["opentrail", *sys.argv[3:]]
        main()
