"""The real program, held at one stage of its calls: started in place of `python -m opentrail` by the crash tests.

    python -m tests.acceptance.held_program STAGE FILE serve ...

Each call that reaches the stage adds a byte to FILE and goes no further. What is held is what the journal is handed or
tells, so that everything else is the program as it is:

    before-intent   the intent is not yet handed to the journal
    after-intent    the intent is on disk, the upstream has not got the call
    before-record   the upstream has answered, the record is not yet handed to the journal
    after-record    the record is on disk, the answer has not begun
    none            nothing is held
"""

import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from opentrail.journal import Journal
from opentrail.server.cli import main

_submit, _submit_intent = Journal.submit, Journal.submit_intent


class Hold:
    """Notes what it holds."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)

    def now(self) -> "Future[Any]":
        """A future that nothing comes of."""
        self._file.write(b".")
        return Future()

    def after(self, done: "Future[Any]") -> "Future[Any]":
        """The same, noted once `done` is."""
        done.add_done_callback(lambda _: self._file.write(b"."))
        return Future()


def hold(stage: str, file: Path) -> None:
    """Let no call of this process get beyond `stage`."""
    held = Hold(file)

    def submit_intent(journal: Journal, body: bytes, **options: Any) -> "Future[Any]":
        if stage == "before-intent":
            return held.now()
        return held.after(_submit_intent(journal, body, **options))

    def submit(journal: Journal, *arguments: Any, **options: Any) -> "Future[Any]":
        if not options.get("ends_intents") or _is_left_over(arguments[0].bodies[0]):
            return _submit(journal, *arguments, **options)
        if stage == "before-record":
            return held.now()
        return held.after(_submit(journal, *arguments, **options))

    replaced: Any = Journal
    if stage in ("before-intent", "after-intent"):
        replaced.submit_intent = submit_intent
    elif stage in ("before-record", "after-record"):
        replaced.submit = submit


def _is_left_over(body: bytes) -> bool:
    """Whether it is what the last crash left, which the start records."""
    return b'"outcome":"unknown"' in body or b'"answerInterrupted":true' in body


if __name__ == "__main__":
    hold(sys.argv[1], Path(sys.argv[2]))
    sys.argv = ["opentrail", *sys.argv[3:]]
    main()
