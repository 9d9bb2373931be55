"""`make bench`: every measurement, one after the other.

OPENTRAIL_BENCH_EVENTS sets how many events look-ups are asked of (10 million: some 10 minutes to build, 5 GB of disk).
"""

import os

from benchmarks import (
    delivery,
    importing,
    journal,
    lake,
    lake_ingest,
    lookup,
    policies,
    recorder,
    recording,
    validation,
    visibility,
)

EVENTS = os.environ.get("OPENTRAIL_BENCH_EVENTS", "10000000")

for measurement in (
    recorder, recording, journal, importing, lake_ingest, delivery, validation, visibility, policies, lake,
):  # fmt: skip
    print(f"\n== {measurement.__name__}", flush=True)
    measurement.main()
print(f"\n== {lookup.__name__}", flush=True)
lookup.main([EVENTS])
