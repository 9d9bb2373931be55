"""What a validation came to: counts, covered time and findings, for each chain and for all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentrail import limits
from opentrail.logfile.keys import Chain
from opentrail.record.times import format_event_time
from opentrail.trails.validation.chain import JudgedDigest, Spans
from opentrail.trails.validation.findings import Finding, Kind, Weight
from opentrail.trails.validation.log_files import JudgedLogFile

SCHEMA = "opentrail-validation-1"

VALID = 0
INVALID = 1
COULD_NOT_GO_ON = 3  # 2 is what wrong options give


@dataclass
class Counts:
    """Valid and invalid files of one sort."""

    valid: int = 0
    invalid: int = 0

    @property
    def total(self) -> int:
        """Both."""
        return self.valid + self.invalid

    def add(self, finding: Finding | None) -> None:
        """Count a file by what was found; one that could not be read is neither."""
        if finding is None or finding.kind.weight is Weight.NOTICE:
            self.valid += 1
        elif finding.kind.weight is Weight.PROBLEM:
            self.invalid += 1

    def as_json(self) -> dict[str, int]:
        """`valid` and `invalid`."""
        return {"valid": self.valid, "invalid": self.invalid}


@dataclass
class ChainTally:
    """One chain."""

    chain: Chain
    bucket: str
    digests: Counts = field(default_factory=Counts)
    log_files: Counts = field(default_factory=Counts)
    covered: Spans = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """As an element of `chains` in the report."""
        chain = self.chain
        return {
            "bucket": self.bucket or None,
            "prefix": chain.prefix,
            "organization": chain.organization or None,
            "account": chain.account,
            "region": chain.region,
            "trail": chain.trail,
            "homeRegion": chain.home_region,
            "backfill": chain.backfill,
            "digests": self.digests.as_json(),
            "logFiles": self.log_files.as_json(),
            "covered": [
                {"from": format_event_time(start), "to": format_event_time(end)} for start, end in self.covered
            ],
        }


class Tally:
    """Everything counted. Findings beyond limits.VALIDATION_FINDINGS are counted and left out."""

    def __init__(self, from_us: int | None, to_us: int) -> None:
        self.from_us = from_us
        self.to_us = to_us
        self.chains: list[ChainTally] = []
        self.kinds: Counter[Kind] = Counter()
        self.findings: list[Finding] = []
        self._by_chain: dict[Chain, ChainTally] = {}

    def chain(self, chain: Chain, bucket: str) -> ChainTally:
        """The tally of a chain, begun where it is new."""
        if chain not in self._by_chain:
            self._by_chain[chain] = ChainTally(chain, bucket)
            self.chains.append(self._by_chain[chain])
        return self._by_chain[chain]

    def add_digest(self, judged: JudgedDigest, bucket: str) -> None:
        """Count a digest file."""
        self.chain(judged.chain, bucket).digests.add(judged.finding)

    def add_log_file(self, judged: JudgedLogFile, bucket: str) -> None:
        """Count a log file."""
        self.chain(judged.chain, bucket).log_files.add(judged.finding)

    def add_finding(self, finding: Finding) -> None:
        """Keep a finding."""
        self.kinds[finding.kind] += 1
        if len(self.findings) < limits.VALIDATION_FINDINGS:
            self.findings.append(finding)

    def digests(self, *, backfill: bool) -> Counts:
        """Digest files of all chains of that sort."""
        return _sum(tally.digests for tally in self.chains if tally.chain.backfill == backfill)

    @property
    def log_files(self) -> Counts:
        """Log files that digests name."""
        return _sum(tally.log_files for tally in self.chains)

    @property
    def found(self) -> tuple[int, int] | None:
        """The first and last moment that valid digests cover, within what was asked for."""
        spans = [span for tally in self.chains for span in tally.covered]
        if not spans:
            return None
        start, end = min(span[0] for span in spans), min(max(span[1] for span in spans), self.to_us)
        return (start if self.from_us is None else max(start, self.from_us)), end

    def weight(self, weight: Weight) -> int:
        """How many findings weigh that much."""
        return sum(count for kind, count in self.kinds.items() if kind.weight is weight)

    @property
    def exit_status(self) -> int:
        """0: all valid; 1: something is invalid, missing or unnamed; 3: not all could be judged, or nothing found."""
        if self.weight(Weight.PROBLEM):
            return INVALID
        digests = sum(tally.digests.total for tally in self.chains)
        return COULD_NOT_GO_ON if self.weight(Weight.UNJUDGED) or not digests else VALID

    def as_json(self, place: str) -> dict[str, object]:
        """The report; docs/VALIDATION.md describes its members."""
        found = self.found
        return {
            "schema": SCHEMA,
            "place": place,
            "valid": self.exit_status == VALID,
            "exitStatus": self.exit_status,
            "requested": {"from": _time(self.from_us), "to": _time(self.to_us)},
            "found": None if found is None else {"from": _time(found[0]), "to": _time(found[1])},
            "digests": self.digests(backfill=False).as_json(),
            "backfillDigests": self.digests(backfill=True).as_json(),
            "logFiles": self.log_files.as_json(),
            "counts": {kind.label: self.kinds[kind] for kind in Kind if self.kinds[kind]},
            "chains": [tally.as_json() for tally in self.chains],
            "findings": [_finding(finding) for finding in self.findings],
            "findingsLeftOut": self.kinds.total() - len(self.findings),
        }


def _sum(counts: Iterator[Counts]) -> Counts:
    total = Counts()
    for one in counts:
        total.valid += one.valid
        total.invalid += one.invalid
    return total


def _finding(finding: Finding) -> dict[str, object]:
    chain = finding.chain
    return {
        "kind": finding.kind.label,
        "weight": finding.kind.weight.value,
        "text": finding.text.replace("\t", " "),
        "detail": finding.detail,
        "file": finding.file,
        "from": _time(finding.from_us),
        "to": _time(finding.to_us),
        "account": chain.account if chain is not None else None,
        "region": chain.region if chain is not None else None,
        "trail": chain.trail if chain is not None else None,
    }


def _time(us: int | None) -> str | None:
    return None if us is None else format_event_time(us)
