"""A chain of digests, oldest first: each one judged, and how they follow one upon the other.

A valid digest says which digest comes before it. What stands between two digests in time and is not said so is a gap:
deleted digests (the one that is named is known by name, any more only by the time they leave uncovered), a chain that
was stopped and begun anew, or time that two linked digests leave open.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain as one_after_other
from itertools import pairwise

from opentrail.logfile.digest import Digest
from opentrail.logfile.keys import Chain, DigestKey
from opentrail.record.times import format_event_time
from opentrail.trails.validation.archive import Archive
from opentrail.trails.validation.digest_reading import ReadDigest, judge_alone, read_digest
from opentrail.trails.validation.findings import Finding, Kind, about_file, gap, invalid_digest, stopped
from opentrail.trails.validation.public_keys import Keys

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class JudgedDigest:
    """A digest file. `finding` None: valid, and its log files can be believed."""

    chain: Chain
    url: str
    finding: Finding | None
    digest: Digest | None = None


Event = JudgedDigest | Finding


@dataclass
class ChainWalk:
    """One chain of one bucket. `elsewhere` reads the digests of another bucket or prefix, up to a time."""

    archive: Archive
    keys: Keys
    chain: Chain
    from_us: int | None
    elsewhere: Callable[[str, Chain, int], Iterable[ReadDigest]]
    covered: Spans = field(default_factory=list)
    _last: ReadDigest | None = None
    _last_valid: bool = False
    _places: set[tuple[str, Chain]] = field(default_factory=set)

    def walk(self, reads: Iterable[ReadDigest]) -> Iterator[Event]:
        """Every digest of `reads`, oldest first, with what is found between them. Raises BucketFault."""
        for read, after in pairwise(one_after_other[ReadDigest | None](reads, (None,))):
            if read is not None:
                self._places.add((read.bucket, read.chain))
                yield from self._one(read, after)

    def _one(self, read: ReadDigest, after: ReadDigest | None) -> Iterator[Event]:
        wrong, notices = judge_alone(read, self.archive, self.keys, after)
        url = self.archive.url(read.bucket, read.key)
        if wrong is None and read.digest is not None and read.span_us is not None:
            self.archive.learn(read.key, read.digest.digest_s3_bucket, read.digest.digest_s3_object)
            yield from self._before(read, read.digest, read.span_us[0])
            yield JudgedDigest(read.chain, url, None, read.digest)
            add_span(self.covered, read.span_us)
        else:
            yield JudgedDigest(read.chain, url, wrong)
        yield from notices
        self._last = read
        self._last_valid = wrong is None

    def _before(self, read: ReadDigest, digest: Digest, start_us: int) -> Iterator[Event]:
        """What there is to say of the time between the digest before and this valid one."""
        last, named = self._last, read.previous
        if named is None:
            if last is not None and not read.chain.backfill:
                yield stopped(read.chain, last.end_us, start_us)
        elif last is not None and self._is(last, named):
            if self._last_valid and not read.chain.backfill:
                yield from self._between(read, last, start_us)
        else:
            yield from self._absent(read, named, start_us)

    def _between(self, read: ReadDigest, last: ReadDigest, start_us: int) -> Iterator[Event]:
        """Two digests that are linked, and yet may leave time open or cover some twice."""
        end_us = last.span_us[1] if last.span_us is not None else last.end_us
        if start_us > end_us:
            detail = "the digest files before and after are linked, so none was deleted"
            yield gap(Kind.GAP_TIME, read.chain, end_us, start_us, detail)
        elif start_us < end_us:
            text = f"Covered twice: from {format_event_time(start_us)} to {format_event_time(end_us)}"
            yield Finding(Kind.OVERLAP, text, read.chain, None, None, start_us, end_us)

    def _absent(self, read: ReadDigest, named: tuple[str, str], start_us: int) -> Iterator[Event]:
        """A digest is named as the one before that did not come before in the listing."""
        bucket, key = named
        parsed = DigestKey.parse(key)
        end_us = parsed.end_us if parsed is not None else start_us
        if self._last is None and self.from_us is not None and end_us < self.from_us:
            return  # the time asked for begins here
        found = read_digest(self.archive, bucket, key, parsed.chain if parsed is not None else read.chain, end_us)
        if found.missing:
            yield JudgedDigest(read.chain, "", self._missing(read.chain, bucket, key))
            yield from self._uncovered(read, start_us)
            return
        place = (bucket, found.chain)
        if place not in self._places and self.archive.keeps_metadata:
            yield from self.walk(self.elsewhere(bucket, found.chain, end_us))
            if self._last is not None and self._is(self._last, named):
                return
        if self._last is not None:
            url = self.archive.url(self._last.bucket, self._last.key)
            text = "Digest file that no later one goes on from"
            named_url = self.archive.url(bucket, key)
            yield about_file(Kind.UNLINKED, read.chain, url, text, f"the next one names {named_url}")

    def _missing(self, chain: Chain, bucket: str, key: str) -> Finding:
        return invalid_digest(Kind.DIGEST_MISSING, chain, self.archive.url(bucket, key))

    def _uncovered(self, read: ReadDigest, start_us: int) -> Iterator[Event]:
        """The time that is left open where the digest before `read` is gone."""
        if read.chain.backfill:
            return
        if self._last is None:
            yield gap(Kind.GAP_MISSING, read.chain, None, start_us, "how many digest files are gone cannot be known")
            return
        since_us = self._last.end_us
        if since_us >= start_us and self.covered:  # a digest that was moved is named after time that it does not cover
            since_us = self.covered[-1][1]
        usual_us = max(1, (read.span_us or (start_us, read.end_us))[1] - start_us)
        count = max(1, round((start_us - since_us) / usual_us))
        number = "1 digest file is" if count == 1 else f"about {count} digest files are"
        yield gap(Kind.GAP_MISSING, read.chain, since_us, start_us, f"{number} gone")

    def _is(self, read: ReadDigest, named: tuple[str, str]) -> bool:
        return self.archive.is_at(read.bucket, read.key, *named)


def add_span(spans: Spans, span_us: tuple[int, int]) -> None:
    """Put `span_us`, which begins no earlier than the last of `spans`, behind or into it."""
    if spans and span_us[0] <= spans[-1][1]:
        start, end = spans.pop()
        span_us = (start, max(end, span_us[1]))
    spans.append(span_us)
