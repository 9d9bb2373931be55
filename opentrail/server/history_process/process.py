"""The history's process: it has the hot tail and the table's files open, and answers what the doors pass on.

Apart from the doors because of the interpreter's lock: reading every event again in a thread beside the event loop held
up the calls. It only reads. Killed at any moment, the next one reads from the table and the journal what it needs.
"""

import os
import socket
import struct
import sys
import threading
from pathlib import Path

import msgspec

from opentrail.accounts.folder_keys import sealer_of
from opentrail.clock import Clock, SystemClock
from opentrail.errors import OpenTrailError
from opentrail.history import History
from opentrail.journal import Journal, JournalMissing
from opentrail.journal.sealing import Sealer
from opentrail.server.data_folder import DataFolder
from opentrail.server.history_process.messages import Answer, Question, receive, send
from opentrail.server.processes.children import Program
from opentrail.server.processes.collection import spare_what_is_there
from opentrail.server.processes.ending import end_process
from opentrail.server.processes.open_files import raise_open_files_limit
from opentrail.server.processes.stopping import stop_event
from opentrail.telemetry import configure_logging, logger

log = logger("server")

_LOOK_SECONDS = 0.02  # between two looks whether the server has made the journal
_PEER = struct.Struct("3i")  # process, user, group

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Question).decode


class HistoryProcessSettings(msgspec.Struct, frozen=True):
    """What the process needs to know; holds no secrets, since it travels on the command line."""

    data_dir: str
    listener: int  # file descriptor of the socket that it inherits
    log_json: bool = False


def history_program(settings: HistoryProcessSettings) -> Program:
    """How to run the process."""
    told = msgspec.json.encode(settings).decode()
    command = [sys.executable, "-m", "opentrail.server.history_process.process", told]
    return Program("history", command, {}, Path(settings.data_dir), None, inherits=(settings.listener,))


def answer_to(history: History, question: Question) -> Answer:
    """The answer to one question; what goes wrong is in it, and logged."""
    page, failed = None, ""
    if question.request is not None:
        try:
            page = history.lookup(question.request)
        except Exception as error:
            log.error("a look-up failed", action="lookup-failed", exc_info=error)
            failed = f"{type(error).__name__}: {error}"
    return Answer(history.tail_events, history.segments, page, failed)


def run(settings: HistoryProcessSettings) -> int:
    """Answer questions until SIGTERM; the status to end with."""
    configure_logging(json_lines=settings.log_json)
    raise_open_files_limit()
    stop = stop_event()
    clock = SystemClock()
    folder = DataFolder(Path(settings.data_dir))
    try:
        journal = _journal(folder, clock, sealer_of(folder.secrets), stop)
        history = History.open(folder.tables, journal, clock)
    except OpenTrailError as error:
        log.error("the history cannot be opened", action="history-unopened", error=error.message)
        return 1
    spare_what_is_there()
    listener = socket.socket(fileno=settings.listener)
    threading.Thread(target=_accept, args=(listener, history), name="history-accept", daemon=True).start()
    stop.wait()
    history.close()
    journal.close()
    return 0


def _journal(folder: DataFolder, clock: Clock, sealer: Sealer | None, stop: threading.Event) -> Journal:
    """The journal as soon as the server has made it. Raises what Journal.open does."""
    while True:
        try:
            return Journal.open(folder.journal, clock, read_only=True, sealer=sealer)
        except JournalMissing:
            if stop.wait(_LOOK_SECONDS):
                raise


def _accept(listener: socket.socket, history: History) -> None:
    while True:
        connection, _ = listener.accept()
        peer, _, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if peer != os.getppid():  # the server alone knows who may ask what
            log.warning("a stranger wanted the history", action="history-stranger", process=peer)
            connection.close()
            continue
        threading.Thread(target=_serve, args=(connection, history), name="history-answer", daemon=True).start()


def _serve(connection: socket.socket, history: History) -> None:
    with connection:
        while True:
            try:
                question = _decode(receive(connection))
                send(connection, _encode(answer_to(history, question)))
            except OSError:
                return  # whoever asked does not wait any longer


if __name__ == "__main__":
    end_process(run(msgspec.json.decode(sys.argv[1], type=HistoryProcessSettings)))
