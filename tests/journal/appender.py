"""A process that appends under load and says what was acknowledged: `python -m tests.journal.appender FOLDER START`.

Each of four threads appends its own numbers, singly and now and then in bulk. A line `NUMBER POSITION` is written
after an append was acknowledged, unbuffered, so that it is out when the process is killed.
"""

import itertools
import os
import sys
import threading
from pathlib import Path

from opentrail.journal import Journal
from tests.journal.making import entries, open_journal

THREADS = 4
STRIDE = 10_000_000
OUTPUT = threading.Lock()  # longer writes than PIPE_BUF would mix with others'


def append_for_ever(journal: Journal, numbers: "itertools.count[int]") -> None:
    for turn in itertools.count():
        count = 300 if turn % 20 == 19 else 1
        batch = [next(numbers) for _ in range(count)]
        appended = journal.append(entries(*batch), "live")
        lines = (f"{number} {appended.first + place}\n" for place, number in enumerate(batch))
        with OUTPUT:
            os.write(1, "".join(lines).encode())


def main() -> None:
    journal = open_journal(Path(sys.argv[1]))
    start = int(sys.argv[2])
    for thread in range(THREADS):
        numbers = itertools.count(start + thread * STRIDE)
        threading.Thread(target=append_for_ever, args=(journal, numbers)).start()


if __name__ == "__main__":
    main()
