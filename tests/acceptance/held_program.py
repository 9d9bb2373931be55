"""The real program, held at one stage of its calls: started in place of `python -m opentrail` by the crash tests.

    python -m tests.acceptance.held_program STAGE FILE serve ...

Each call that reaches the stage adds a byte to FILE and goes no further. What is held is what the recorder hands to the
journal or hears of it, so that everything else is the program as it is:

    before-intent   the intent is not yet handed to the journal
    after-intent    the intent is on disk, the upstream has not got the call
    before-record   the upstream has answered, the record is not yet handed to the journal
    after-record    the record is on disk, the answer has not begun
    none            nothing is held
"""

import asyncio
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from opentrail.journal import Journal
from opentrail.recorder.records.gathering import Gathering
from opentrail.server.cli import main

_submit_intent, _durable = Journal.submit_intent, Gathering.durable


def hold(stage: str, path: Path) -> None:
    """Let no call of this process get beyond `stage`."""
    file = path.open("ab", buffering=0)

    def note(_: Any = None) -> None:
        file.write(b".")

    def submit_intent(journal: Journal, body: bytes, **options: Any) -> "Future[int]":
        if stage == "before-intent":
            note()
        else:
            _submit_intent(journal, body, **options).add_done_callback(note)
        return Future()

    def durable(gathering: Gathering, records: Any) -> "asyncio.Future[None]":
        if stage == "before-record":
            note()
        else:
            _durable(gathering, records).add_done_callback(note)
        return asyncio.get_running_loop().create_future()

    if stage.endswith("-intent"):
        Journal.submit_intent = submit_intent  # type: ignore[method-assign]
    elif stage.endswith("-record"):
        Gathering.durable = durable  # type: ignore[method-assign]


if __name__ == "__main__":
    hold(sys.argv[1], Path(sys.argv[2]))
    sys.argv = ["opentrail", *sys.argv[3:]]
    main()
