"""One log file: fetched, inflated and hashed as it comes, and compared with what its digest says."""

from collections.abc import Iterator
from dataclasses import dataclass

from opentrail.logfile.content import Flaw, examine
from opentrail.logfile.digest import LogFileEntry
from opentrail.logfile.keys import Chain
from opentrail.objects.bucket import BucketFault, NoSuchKey, OpenObject, TimedOut, Unreachable
from opentrail.trails.validation.archive import Archive
from opentrail.trails.validation.findings import Finding, Kind, about_file, invalid_log_file

READ_BYTES = 256 * 1024
CUT = "the file is cut off after its content, which is whole: the end of the gzip stream is missing"


@dataclass(frozen=True, slots=True)
class JudgedLogFile:
    """A log file that a valid digest names. `finding` None: valid. A finding of weight NOTICE: valid as well."""

    chain: Chain
    url: str
    finding: Finding | None


def judge_log_file(archive: Archive, chain: Chain, entry: LogFileEntry) -> JudgedLogFile:
    """The verdict on the log file of `entry`. Raises Unreachable and TimedOut."""
    url = archive.url(entry.s3_bucket, entry.s3_object)
    try:
        opened = archive.open(entry.s3_bucket, entry.s3_object)
        try:
            content = examine(_blocks(opened))
        finally:
            opened.close()
    except NoSuchKey:
        return JudgedLogFile(chain, url, invalid_log_file(Kind.LOG_FILE_MISSING, chain, url))
    except (Unreachable, TimedOut):
        raise
    except BucketFault as fault:
        return JudgedLogFile(chain, url, about_file(Kind.UNREADABLE, chain, url, "Cannot be read", fault.message))
    if content.flaw is Flaw.TRAILING_DATA:
        kind = Kind.LOG_FILE_TRAILING_DATA
    elif content.flaw is not None:
        kind = Kind.LOG_FILE_MALFORMED
    elif content.sha256 != entry.hash_value:
        kind = Kind.LOG_FILE_CHANGED
    elif not content.whole:
        return JudgedLogFile(chain, url, about_file(Kind.LOG_FILE_CUT, chain, url, "Log file cut off", CUT))
    else:
        return JudgedLogFile(chain, url, None)
    return JudgedLogFile(chain, url, invalid_log_file(kind, chain, url))


def _blocks(opened: OpenObject) -> Iterator[bytes]:
    while block := opened.read(READ_BYTES):
        yield block
