"""The form in which a program reports its own calls to a server: one signed POST for a batch.

    POST /_opentrail/records     application/json, SigV4 for the service `opentrail`, the body's hash signed

    {"batch_id": "…", "attempt": 1, "records": [{…}, …], "lost": {"calls": 7, "from_us": …, "to_us": …}}

`records` are CloudTrail records, whole but for what the server sets (receiving.py). `lost` tells of calls that the
program could not keep until they were reported; times are microseconds since the epoch. A batch that is sent again
keeps its id and its records and counts its attempts: the server keeps it once.

Answers: 200 `{"kept": n}` once all records are on disk; 400 and 413 in the shape of a REST-JSON service: the batch
will never be taken; anything else: it may be later. Limits: limits.CLIENT_BATCH_RECORDS, limits.API_BODY_BYTES.
"""

from typing import Annotated

import msgspec

from opentrail import limits

PATH = "/_opentrail/records"
SIGNING_NAME = "opentrail"

# Between 2001 and 2200: outside of it the program's clock is not set.
_Time = Annotated[int, msgspec.Meta(ge=978_307_200_000_000, lt=7_258_118_400_000_000)]


class Lost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that the program could not keep for reporting, and between which two moments."""

    calls: Annotated[int, msgspec.Meta(ge=1)]
    from_us: _Time
    to_us: _Time


class ReportedBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one request holds."""

    batch_id: Annotated[str, msgspec.Meta(min_length=16, max_length=64)]
    records: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=limits.CLIENT_BATCH_RECORDS)]
    attempt: Annotated[int, msgspec.Meta(ge=1)] = 1
    lost: Lost | None = None
