"""The process that writes another one's appends: it compresses, commits and waits for the disk in its stead.

    python -m opentrail.journal.append_process FOLDER DESCRIPTOR

So the process that answers calls has no thread that takes turns with its event loop, and is woken once for each
transaction. DESCRIPTOR is a stream socket (append_messages). All requests that have come while one transaction waited
for the disk share the next. Ends when the other side has closed the socket and everything that came is written.
"""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from opentrail.clock import Clock, SystemClock
from opentrail.journal.append_messages import REQUESTS, AppendAnswer, AppendRequest, Incoming, message
from opentrail.journal.database import open_writer, transaction
from opentrail.journal.payload import Packed, packed
from opentrail.journal.reading import read_head
from opentrail.journal.writing import end_intents, insert_row

_RECEIVED_BYTES: Final = 1 << 20  # taken from the socket at once


def serve(folder: Path, connected: socket.socket, clock: Clock) -> None:
    """Answer requests until the other side closes."""
    journal = open_writer(folder)
    incoming = Incoming()
    with connected:
        while data := connected.recv(_RECEIVED_BYTES):
            waiting = [REQUESTS.decode(body) for body in incoming.feed(data)]
            if waiting:
                connected.sendall(message(_append(journal, waiting, clock.now_us())))
    journal.close()


def _append(journal: Connection, requests: Sequence[AppendRequest], now_us: int) -> AppendAnswer:
    """One transaction, on disk on return; a fault means that nothing of it is there."""
    firsts = []
    try:
        rows = [_row(request) for request in requests]
        with transaction(journal):
            head = read_head(journal)
            for request, row in zip(requests, rows, strict=True):
                firsts.append(head + 1)
                head = insert_row(journal, row, head + 1, request.origin, now_us)
                end_intents(journal, request.ends_intents)
    except Exception as fault:  # noqa: BLE001 - told to who asked, who logs it: nobody may wait for ever
        return AppendAnswer([], now_us, str(fault), len(requests))
    return AppendAnswer(firsts, now_us, None, len(requests))


def _row(request: AppendRequest) -> Packed:
    if request.packed:
        return Packed(request.count, request.content, request.checksum_key)
    return packed(request.count, request.content)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), SystemClock())
