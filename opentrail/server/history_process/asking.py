"""The history as the doors have it: questions go to a process of their own, over a socket that only we may use."""

import socket
import threading
import time
from typing import Final

import msgspec

from opentrail import limits
from opentrail.errors import OpenTrailError, Unavailable
from opentrail.history.lookup import LookupPage, LookupRequest
from opentrail.server.history_process.messages import Answer, Question, receive, send

_COUNT_SECONDS: Final = 1.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class HistoryUnavailable(Unavailable):
    """The event history cannot answer at the moment: its process has ended, and is started again."""


class LookupFailed(OpenTrailError):
    """The history's process could not answer a question."""


class AskedHistory:
    """Safe from any thread.

    The socket is ours and the process inherits it: while that is not there, questions wait in the socket's queue for
    the one that is started next. The name of the socket is of Linux's abstract kind: nothing of it is left on disk.
    """

    def __init__(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind("")
        self.listener.listen(limits.HISTORY_QUESTIONS)
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []

    def lookup(self, request: LookupRequest) -> LookupPage:
        """As History.lookup. Raises HistoryUnavailable after limits.LOOKUP_SECONDS; LookupFailed."""
        answer = self._ask(request, limits.LOOKUP_SECONDS)
        if answer.page is None:
            raise LookupFailed(answer.failed)
        return answer.page

    def counts(self) -> Answer:
        """An answer without a page: what metrics show. Raises HistoryUnavailable after a second."""
        return self._ask(None, _COUNT_SECONDS)

    def ready(self) -> bool:
        """Whether the process answers; it does once it sees every event that was durable when it began."""
        try:
            self.counts()
        except HistoryUnavailable:
            return False
        return True

    def close(self) -> None:
        """No question is under way any more."""
        for connection in self._take_idle():
            connection.close()
        self.listener.close()

    def _ask(self, request: LookupRequest | None, seconds: float) -> Answer:
        question = _encode(Question(request))
        ends = time.monotonic() + seconds
        try:
            try:
                return self._ask_over(self._kept_connection(), question, ends)
            except ConnectionError:  # the process that it led to has ended, and with it whatever else was kept
                for connection in self._take_idle():
                    connection.close()
                return self._ask_over(self._connection(), question, ends)
        except OSError as error:
            raise HistoryUnavailable from error

    def _ask_over(self, connection: socket.socket, question: bytes, ends: float) -> Answer:
        try:
            connection.settimeout(max(ends - time.monotonic(), 0.001))
            send(connection, question)
            answer = _decode(receive(connection))
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)
        return answer

    def _kept_connection(self) -> socket.socket:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._connection()

    def _connection(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)  # a full queue is told, not waited for
            connection.connect(self.listener.getsockname())
        except OSError:
            connection.close()
            raise
        return connection

    def _take_idle(self) -> list[socket.socket]:
        with self._lock:
            idle, self._idle = self._idle, []
        return idle
