"""Proves what waits to be delivered whole: every row has its file, with the bytes that were cut or signed.

Reads alone, beside a running server too: a file that is delivered meanwhile is no finding.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, Table, select

from opentrail import limits
from opentrail.catalog.database import READING
from opentrail.catalog.tables import digests, log_files
from opentrail.errors import OpenTrailError
from opentrail.journal import Sealer, opened_by
from opentrail.logfile.content import inflate


@dataclass(slots=True)
class Findings:
    """How many files wait, and what is wrong with them."""

    waiting: int = 0
    problems: list[str] = field(default_factory=list)


def check(engine: Engine, outbox: Path, sealer: Sealer | None = None) -> Findings:
    """Look at every file that waits to be delivered."""
    findings = Findings()
    for table in (log_files, digests):
        for name, key, sha256 in _waiting(engine, table):
            findings.waiting += 1
            fault = _fault(outbox / name, sha256, sealer)
            if fault is not None and (name, key, sha256) in _waiting(engine, table):
                findings.problems.append(f"{key} waits to be delivered, and {fault}")
    return findings


def _waiting(engine: Engine, table: Table) -> list[tuple[str, str, str]]:
    question = select(table.c.outbox, table.c.key, table.c.sha256).where(table.c.delivery == "waiting")
    with engine.connect().execution_options(**READING) as connection:
        return [(row.outbox, row.key, row.sha256) for row in connection.execute(question)]


def _fault(path: Path, sha256: str, sealer: Sealer | None) -> str | None:
    try:
        stored = opened_by(sealer, path.read_bytes(), path.name.encode())
    except FileNotFoundError:
        return "its file is not in the outbox"
    except OpenTrailError as fault:
        return f"its file cannot be opened: {fault.message}"
    inflated = inflate(stored, limits.LOG_FILE_READ_BYTES)
    if inflated is None:
        return "its file is no whole gzip"
    if hashlib.sha256(inflated).hexdigest() != sha256:
        return "its file is not what was cut"
    return None
