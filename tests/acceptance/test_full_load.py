"""Half an hour at full load: no call fails, and memory does not grow.

OPENTRAIL_SOAK_SECONDS sets another length.
"""

import os
import threading
import time

import pytest

from benchmarks.load import run_load
from benchmarks.processes import children, rss_mib
from benchmarks.recorder import recorder, signed_call, upstream

pytestmark = [pytest.mark.acceptance, pytest.mark.soak]

SECONDS = float(os.environ.get("OPENTRAIL_SOAK_SECONDS", "1800"))
CLIENTS = 8
CHILDREN = ("server.worker", "server.history_process")
GROWTH_MIB = 32.0  # from the first third's highest to the last third's: caches fill, the allocator keeps some


def test_memory_does_not_grow_under_full_load() -> None:
    with upstream() as (behind, _), recorder(behind, "durable") as (port, process):
        held: dict[str, list[float]] = {"server": []}
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(SECONDS / 300):
                for name, one in {"server": process, **children(process, *CHILDREN)}.items():
                    held.setdefault(name, []).append(rss_mib(one))

        watching = threading.Thread(target=watch)
        run_load(port, signed_call(f"127.0.0.1:{port}", "json"), CLIENTS, 5.0)
        watching.start()
        deadline = time.monotonic() + SECONDS
        calls = 0
        while time.monotonic() < deadline:
            # signed anew each time: a signature holds for five minutes
            call = signed_call(f"127.0.0.1:{port}", "json")
            calls += run_load(port, call, CLIENTS, min(60.0, max(1.0, deadline - time.monotonic()))).requests
        stop.set()
        watching.join()
    grown: dict[str, float] = {}
    for name, mib in held.items():
        third = len(mib) // 3
        first, last = max(mib[:third]), max(mib[-third:])
        print(f"{calls} calls; {name}: {mib[0]:.0f} MiB at first, {first:.0f} then, {last:.0f} at last")
        grown[name] = last - first
    assert grown.keys() == {"server", *CHILDREN}
    assert grown["server"] < GROWTH_MIB
    assert max(grown.values()) < 4 * GROWTH_MIB  # the followers merge files of any size
