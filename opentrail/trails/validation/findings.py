"""Verdicts: every kind of finding, how much it weighs, and its wording, which is the AWS CLI's where it has one."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from opentrail.logfile.keys import Chain
from opentrail.record.times import format_event_time


class Weight(StrEnum):
    """What a finding means for the whole."""

    PROBLEM = "problem"  # something is invalid, missing, or vouched for by nobody
    UNJUDGED = "unjudged"  # something could not be read
    NOTICE = "notice"  # worth knowing; nothing is wrong with it


class Kind(Enum):
    """What was found: its name in reports and its weight."""

    DIGEST_MISSING = ("digest-missing", Weight.PROBLEM)
    DIGEST_MALFORMED = ("digest-malformed", Weight.PROBLEM)
    DIGEST_MOVED = ("digest-moved", Weight.PROBLEM)
    DIGEST_KEY_UNKNOWN = ("digest-key-unknown", Weight.PROBLEM)
    DIGEST_KEY_UNREADABLE = ("digest-key-unreadable", Weight.PROBLEM)
    DIGEST_SIGNATURE = ("digest-signature", Weight.PROBLEM)
    DIGEST_REPLACED = ("digest-replaced", Weight.PROBLEM)
    LOG_FILE_MISSING = ("log-file-missing", Weight.PROBLEM)
    LOG_FILE_MALFORMED = ("log-file-malformed", Weight.PROBLEM)
    LOG_FILE_TRAILING_DATA = ("log-file-trailing-data", Weight.PROBLEM)
    LOG_FILE_CHANGED = ("log-file-changed", Weight.PROBLEM)
    ORPHAN = ("orphan", Weight.PROBLEM)
    GAP_MISSING = ("gap-missing", Weight.PROBLEM)
    GAP_STOPPED = ("gap-stopped", Weight.NOTICE)
    GAP_TIME = ("gap-time", Weight.NOTICE)
    OVERLAP = ("overlap", Weight.NOTICE)
    UNLINKED = ("unlinked", Weight.NOTICE)
    OPEN_END = ("open-end", Weight.NOTICE)
    SIGNATURE_FROM_NEXT = ("signature-from-next", Weight.NOTICE)
    DIGEST_TRAILING_DATA = ("digest-trailing-data", Weight.NOTICE)
    LOG_FILE_CUT = ("log-file-cut", Weight.NOTICE)
    NOT_YET_COVERED = ("not-yet-covered", Weight.NOTICE)
    ORPHANS_NOT_SOUGHT = ("orphans-not-sought", Weight.NOTICE)
    UNREADABLE = ("unreadable", Weight.UNJUDGED)
    NO_PUBLIC_KEYS = ("no-public-keys", Weight.UNJUDGED)

    def __init__(self, label: str, weight: Weight) -> None:
        self.label = label
        self.weight = weight


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `text` is the line for the user, `detail` what more there is to say.

    `file`: URL of the file meant. `from_us`, `to_us`: the time meant, microseconds since the epoch.
    """

    kind: Kind
    text: str
    chain: Chain | None = None
    file: str | None = None
    detail: str | None = None
    from_us: int | None = None
    to_us: int | None = None


_INVALID = {
    Kind.DIGEST_MISSING: "not found",
    Kind.DIGEST_MALFORMED: "invalid format",
    Kind.DIGEST_MOVED: "has been moved from its original location",
    Kind.DIGEST_SIGNATURE: "signature verification failed",
    Kind.DIGEST_REPLACED: "is another one than the next digest file names",
    Kind.LOG_FILE_MISSING: "not found",
    Kind.LOG_FILE_MALFORMED: "invalid format",
    Kind.LOG_FILE_TRAILING_DATA: "unexpected data after end of compressed stream",
    Kind.LOG_FILE_CHANGED: "hash value doesn't match",
}


def digest_line(chain: Chain | None, url: str, verdict: str) -> str:
    """A line on a digest file; `verdict` is `valid` or `INVALID: ...`."""
    late = "(backfill) " if chain is not None and chain.backfill else ""
    return f"{late}Digest file\t{url}\t{verdict}"


def log_file_line(url: str, verdict: str) -> str:
    """The same of a log file."""
    return f"Log file\t{url}\t{verdict}"


def invalid_digest(kind: Kind, chain: Chain | None, url: str, detail: str | None = None) -> Finding:
    """A digest file that is not to be believed."""
    return Finding(kind, digest_line(chain, url, f"INVALID: {_INVALID[kind]}"), chain, url, detail)


def key_unknown(chain: Chain, url: str, fingerprint: str) -> Finding:
    """A digest signed with a key that nobody published for the time asked."""
    verdict = f"INVALID: public key not found in region {chain.home_region} for fingerprint {fingerprint}"
    return Finding(Kind.DIGEST_KEY_UNKNOWN, digest_line(chain, url, verdict), chain, url)


def key_unreadable(chain: Chain, url: str, fingerprint: str) -> Finding:
    """A digest whose published key is no key."""
    verdict = f"INVALID: Unable to load PKCS #1 key with fingerprint {fingerprint}"
    return Finding(Kind.DIGEST_KEY_UNREADABLE, digest_line(chain, url, verdict), chain, url)


def invalid_log_file(kind: Kind, chain: Chain, url: str, detail: str | None = None) -> Finding:
    """A log file that is not what its digest says."""
    return Finding(kind, log_file_line(url, f"INVALID: {_INVALID[kind]}"), chain, url, detail)


def stopped(chain: Chain, from_us: int, to_us: int) -> Finding:
    """A chain that begins anew after an earlier one ended: logging or validation was off in between."""
    between = f"between {format_event_time(from_us)} and {format_event_time(to_us)}"
    late = "(backfill) " if chain.backfill else ""
    text = f"{late}No log files were delivered by CloudTrail {between}"
    if to_us <= from_us:  # started again at once
        text = f"{late}A new chain begins at {format_event_time(to_us)}, before the end of the one before"
    detail = "a new chain of digest files begins here: logging, or validation, was stopped and started again"
    return Finding(Kind.GAP_STOPPED, text, chain, None, detail, from_us, to_us)


def gap(kind: Kind, chain: Chain, from_us: int | None, to_us: int, detail: str) -> Finding:
    """Time that no valid digest file covers, though the chain goes on. `from_us` None: nobody knows since when."""
    since = format_event_time(from_us) if from_us is not None else "the time"
    text = f"No valid digest file covers {since} to {format_event_time(to_us)}"
    return Finding(kind, text, chain, None, detail, from_us, to_us)


def about_file(kind: Kind, chain: Chain | None, url: str, what: str, detail: str | None = None) -> Finding:
    """A finding on one file in words of our own."""
    return Finding(kind, f"{what}\t{url}", chain, url, detail)
