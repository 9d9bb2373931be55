"""The warm process: it has loaded what queries need, and forks a process for each, which so begins in milliseconds.

It does nothing else, has one thread, and ends when the server's end of its socket is closed, whichever way. Processes
of queries end with it. A request is one byte with the query's socket; the answer is one byte with the descriptor of
the new process (a pidfd), by which it can be killed and nobody else.
"""

import gc
import os
import signal
import socket
import sys
import traceback

from opentrail.lake.queries.confinement import end_with
from opentrail.lake.queries.job import ProcessGone
from opentrail.lake.queries.run import run_query


def serve(control: socket.socket) -> None:
    """Fork processes until the server has gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel clears ended processes away
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # what is shared stays shared
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not asked:
            return
        channel = socket.socket(fileno=descriptors[0])
        own = os.getpid()
        process = os.fork()
        if process == 0:
            control.close()
            _serve_one(channel, own)
        try:
            handle = os.pidfd_open(process)
        except ProcessLookupError:
            socket.send_fds(control, [b"-"], [])  # it has ended already, which its socket tells
        else:
            socket.send_fds(control, [b"p"], [handle])
            os.close(handle)
        channel.close()


def _serve_one(channel: socket.socket, starter: int) -> None:
    status = 1
    try:
        end_with(starter)
        run_query(channel)
        status = 0
    except ProcessGone:
        pass  # the server has let go of this query: its status says so, and nobody reads anything else
    except BaseException:  # noqa: BLE001 - a forked process never returns into its parent's code
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
