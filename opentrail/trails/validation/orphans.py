"""Orphans: log files in time that valid digests cover, which none of them names.

A log file's name holds the minute of its delivery, some minutes early at times, and a digest covers by delivery: so
within EDGE_US of the ends of covered time the name alone decides nothing, and the time at which the store says the file
was written decides with it. Names are kept as 64-bit keyed hashes, 8 bytes a log file.
"""

import hashlib
import secrets
from array import array
from bisect import bisect_left
from collections.abc import Iterator

from opentrail.clock import MICROSECONDS
from opentrail.logfile.keys import Kind as LogKind
from opentrail.logfile.keys import LogFileKey
from opentrail.objects.bucket import ListedObject
from opentrail.record.times import format_event_time
from opentrail.trails.validation.archive import Archive
from opentrail.trails.validation.chain import Spans
from opentrail.trails.validation.discovery import DigestFolder

EDGE_US = 15 * 60 * MICROSECONDS
CLOCKS_US = 60 * MICROSECONDS  # by which the store's clock may differ from the signer's
DAY_US = 86_400 * MICROSECONDS


class NamedFiles:
    """The URLs of log files that digests name, and the kinds of them."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)  # so that nobody can make a file whose hash is another's
        self._hashes = array("Q")
        self.kinds = {LogKind.CLOUDTRAIL}
        self._sorted = True

    def add(self, url: str) -> None:
        """A digest names it."""
        for kind in LogKind:
            if f"/{kind}/" in url:
                self.kinds.add(kind)
        self._hashes.append(self._hash(url))
        self._sorted = False

    def __contains__(self, url: str) -> bool:
        if not self._sorted:
            self._hashes = array("Q", sorted(self._hashes))
            self._sorted = True
        wanted = self._hash(url)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted

    def _hash(self, url: str) -> int:
        name = url.encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.blake2b(name, digest_size=8, key=self._key).digest(), "big")


def orphans(archive: Archive, folder: DigestFolder, covered: Spans, named: NamedFiles) -> Iterator[tuple[str, bool]]:
    """URLs of unnamed log files of the folder's account and Region; True: in covered time, False: may yet be named.

    `covered` in order of time. Kinds of files that no digest here names are passed over: it is not known whether AWS's
    digests cover them. Raises BucketFault.
    """
    if not covered:
        return
    for kind in sorted(named.kinds):
        place = f"{folder.account_path}{kind}/{folder.region}/"
        first = format_event_time(max(0, covered[0][0] - EDGE_US))[:10].replace("-", "/")
        last = format_event_time(covered[-1][1] + EDGE_US)[:10].replace("-", "/")
        for listed in archive.list(folder.bucket, place, f"{place}{first}/{folder.account}"):
            if listed.key[len(place) :][:10] > last:
                break
            sure = _is_covered(listed, covered)
            if sure is None:
                continue
            url = archive.url(folder.bucket, listed.key)
            if url not in named:
                yield url, sure


def _is_covered(listed: ListedObject, covered: Spans) -> bool | None:
    """Whether a digest had to name it; False where a later one still may, None where no digest need ever."""
    key = LogFileKey.parse(listed.key)
    if key is None:
        return None
    for start, end in covered:
        written = start < listed.modified_us < end - CLOCKS_US
        if start + EDGE_US <= key.at_us < end - EDGE_US:
            return True
        if written and start - EDGE_US <= key.at_us < end:
            return True
    if covered[-1][1] - EDGE_US <= key.at_us < covered[-1][1] + EDGE_US:
        return False
    return None
