"""Everything that can be done to a trail in a bucket, each as a function of an untouched chain of six hours."""

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from opentrail.objects.bucket import Properties
from tests.trails.validation.made_trails import HOUR_US, LOG_FILE, MINUTE_US, START_US, MadeChain, key_pair

LISTED_KEY, SECOND_KEY, STOLEN_KEY = 0, 1, 9
HOURS = 6
SIGNATURE = "INVALID: signature verification failed"
NOT_FOUND = "INVALID: not found"
FORMAT = "INVALID: invalid format"
HASH = "INVALID: hash value doesn't match"
MOVED = "INVALID: has been moved from its original location"
TRAILING = "INVALID: unexpected data after end of compressed stream"
ANOTHER = "INVALID: is another one than the next digest file names"


@dataclass
class Expected:
    """What is to be found. `both`: verdicts of both judges by key; `ours`: further ones of ours, or others.

    `kinds`: findings of ours beside verdicts. `theirs`: exit status of the AWS CLI, where it is not ours.
    """

    both: dict[str, str] = field(default_factory=dict)
    ours: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    status: int = 1
    theirs: int | None = None


Case = Callable[[MadeChain], Expected]


def _get(made: MadeChain, key: str) -> bytes:
    opened = made.bucket.get(key)
    try:
        return opened.read(1 << 24)
    finally:
        opened.close()


def _log(made: MadeChain, hour: int = 2, number: int = 0) -> str:
    return made.digests[hour].log_keys[number]


def untouched(made: MadeChain) -> Expected:
    return Expected(status=0)


def empty_hours(made: MadeChain) -> Expected:
    made.hours(2, 0)
    made.hours(1, 1)
    return Expected(status=0)


def rotated_key(made: MadeChain) -> Expected:
    made.pair = key_pair(SECOND_KEY)
    made.hours(3, 1)
    return Expected(status=0)


def log_edited(made: MadeChain) -> Expected:
    text = zlib.decompress(_get(made, _log(made)), 31).replace(b"CreateBucket", b"ListBuckets!")
    made.bucket.put(_log(made), gzip.compress(text), LOG_FILE)
    return Expected({_log(made): HASH})


def event_inserted(made: MadeChain) -> Expected:
    text = zlib.decompress(_get(made, _log(made)), 31)
    made.bucket.put(_log(made), gzip.compress(text[:-2] + b"," + made.record("2026-03-02T11:13:00Z") + b"]}"), LOG_FILE)
    return Expected({_log(made): HASH})


def log_truncated(made: MadeChain) -> Expected:
    made.bucket.put(_log(made), _get(made, _log(made))[:-40], LOG_FILE)
    return Expected({_log(made): HASH})


def log_emptied(made: MadeChain) -> Expected:
    made.bucket.put(_log(made), b"", LOG_FILE)
    return Expected({_log(made): HASH})


def log_without_its_gzip_trailer(made: MadeChain) -> Expected:
    made.bucket.put(_log(made), _get(made, _log(made))[:-8], LOG_FILE)
    return Expected(kinds={"log-file-cut": 1}, status=0)


def log_deleted(made: MadeChain) -> Expected:
    made.bucket.delete(_log(made))
    return Expected({_log(made): NOT_FOUND})


def logs_swapped(made: MadeChain) -> Expected:
    one, two = _log(made), _log(made, 3)
    first, second = _get(made, one), _get(made, two)
    made.bucket.put(one, second, LOG_FILE)
    made.bucket.put(two, first, LOG_FILE)
    return Expected({one: HASH, two: HASH})


def log_packed_anew(made: MadeChain) -> Expected:
    made.bucket.put(_log(made), gzip.compress(zlib.decompress(_get(made, _log(made)), 31), 1), LOG_FILE)
    return Expected(status=0)


def log_with_a_second_member(made: MadeChain) -> Expected:
    made.bucket.put(_log(made), _get(made, _log(made)) + gzip.compress(b'{"Records":[]}'), LOG_FILE)
    return Expected({_log(made): TRAILING})


def log_unpacked(made: MadeChain) -> Expected:
    made.bucket.put(_log(made), zlib.decompress(_get(made, _log(made)), 31), LOG_FILE)
    return Expected({_log(made): FORMAT})


def log_inserted(made: MadeChain) -> Expected:
    entry = made.log_file(START_US + 2 * HOUR_US + 30 * MINUTE_US)
    return Expected(kinds={"orphan": 1}, ours={entry.s3_object: "orphan"}, theirs=0)


def digest_edited(made: MadeChain) -> Expected:
    one = made.digests[3]
    made.put_bytes(one.key, gzip.compress(one.inflated.replace(b'"logFiles":[{', b'"logFiles": [{')), one.metadata)
    return Expected({one.key: SIGNATURE})


def log_taken_out_of_its_digest(made: MadeChain) -> Expected:
    one = made.digests[3]
    value = msgspec.structs.replace(one.value, log_files=one.value.log_files[:1])
    made.put_bytes(one.key, gzip.compress(msgspec.json.encode(value)), one.metadata)
    made.bucket.delete(one.log_keys[1])
    return Expected({one.key: SIGNATURE})


def digest_packed_anew(made: MadeChain) -> Expected:
    one = made.digests[3]
    made.put_bytes(one.key, gzip.compress(one.inflated, 1), one.metadata)
    return Expected(status=0)


def digest_with_a_second_member(made: MadeChain) -> Expected:
    one = made.digests[3]
    made.put_bytes(one.key, one.stored + gzip.compress(b"{}"), one.metadata)
    return Expected(kinds={"digest-trailing-data": 1}, status=0)


def digest_not_packed(made: MadeChain) -> Expected:
    one = made.digests[3]
    made.put_bytes(one.key, one.inflated, one.metadata)
    return Expected({one.key: FORMAT})


def digest_without_a_member(made: MadeChain) -> Expected:
    one = made.digests[3]
    members = json.loads(one.inflated)
    del members["digestEndTime"]
    made.put_bytes(one.key, gzip.compress(json.dumps(members).encode()), one.metadata)
    return Expected({one.key: FORMAT})


def digest_deleted(made: MadeChain) -> Expected:
    made.bucket.delete(made.digests[3].key)
    return Expected({made.digests[3].key: NOT_FOUND}, kinds={"gap-missing": 1})


def two_digests_deleted(made: MadeChain) -> Expected:
    made.bucket.delete(made.digests[2].key)
    made.bucket.delete(made.digests[3].key)
    return Expected({made.digests[3].key: NOT_FOUND}, kinds={"gap-missing": 1})


def oldest_digest_deleted(made: MadeChain) -> Expected:
    made.bucket.delete(made.digests[0].key)
    return Expected({made.digests[0].key: NOT_FOUND}, kinds={"gap-missing": 1})


def newest_digest_deleted(made: MadeChain) -> Expected:
    """Nothing in the bucket tells of it but that no digest follows."""
    made.bucket.delete(made.digests[-1].key)
    return Expected(kinds={"open-end": 1}, status=0)


def signature_removed(made: MadeChain) -> Expected:
    one = made.digests[3]
    made.put_bytes(one.key, one.stored, {})
    return Expected({one.key: SIGNATURE})


def algorithm_removed(made: MadeChain) -> Expected:
    one = made.digests[3]
    made.put_bytes(one.key, one.stored, {"signature": one.signature})
    return Expected({one.key: SIGNATURE})


def signature_of_another_digest(made: MadeChain) -> Expected:
    made.put_bytes(made.digests[3].key, made.digests[3].stored, made.digests[2].metadata)
    return Expected({made.digests[3].key: SIGNATURE})


def digest_moved(made: MadeChain) -> Expected:
    one = made.digests[3]
    elsewhere = str(made.chain.key_at(made.now_us + 10 * MINUTE_US))
    made.bucket.delete(one.key)
    made.put_bytes(elsewhere, one.stored, one.metadata)
    return Expected({one.key: NOT_FOUND, elsewhere: MOVED}, kinds={"gap-missing": 1})


def digests_swapped(made: MadeChain) -> Expected:
    one, two = made.digests[2], made.digests[3]
    made.put_bytes(one.key, two.stored, two.metadata)
    made.put_bytes(two.key, one.stored, one.metadata)
    return Expected({one.key: MOVED, two.key: MOVED})


def forged_with_an_unknown_key(made: MadeChain) -> Expected:
    one = made.digests[3]
    stolen = key_pair(STOLEN_KEY)
    fingerprint = stolen.published.fingerprint
    value = msgspec.structs.replace(one.value, log_files=[], digest_public_key_fingerprint=fingerprint)
    made.put(value, stolen)
    verdict = f"INVALID: public key not found in region {made.chain.home_region} for fingerprint {fingerprint}"
    return Expected({one.key: verdict})


def forged_under_the_name_of_the_right_key(made: MadeChain) -> Expected:
    made.put(msgspec.structs.replace(made.digests[3].value, log_files=[]), key_pair(STOLEN_KEY))
    return Expected({made.digests[3].key: SIGNATURE})


def forged_with_a_key_that_is_listed(made: MadeChain) -> Expected:
    """A key that leaked, or another Region's: the AWS CLI believes it, the next digest's hash does not."""
    one, pair = made.digests[3], key_pair(SECOND_KEY)
    value = msgspec.structs.replace(one.value, log_files=[], digest_public_key_fingerprint=pair.published.fingerprint)
    made.put(value, pair)
    return Expected(ours={one.key: ANOTHER}, theirs=0)


def chain_restarted(made: MadeChain) -> Expected:
    made.now_us += 3 * HOUR_US
    made.grow(made.log_files(1), restart=True)
    made.hours(1, 1)
    return Expected(kinds={"gap-stopped": 1}, status=0)


def time_left_open(made: MadeChain) -> Expected:
    made.now_us += 2 * HOUR_US
    made.hours(2, 1)
    return Expected(kinds={"gap-time": 1}, status=0)


def time_covered_twice(made: MadeChain) -> Expected:
    made.now_us -= 20 * MINUTE_US
    made.hours(1, 1)
    return Expected(kinds={"overlap": 1}, status=0)


def digest_that_nothing_goes_on_from(made: MadeChain) -> Expected:
    stray = made.grow([])
    made.digests.pop()
    made.hours(1, 1)
    return Expected(ours={stray.key: "valid"}, kinds={"unlinked": 1, "gap-time": 0}, status=0)


def backfill(made: MadeChain) -> Expected:
    late = MadeChain(made.bucket, made.chain.of_backfill(), now_us=START_US + HOUR_US)
    late.grow([late.log_file(START_US + HOUR_US + MINUTE_US)])
    late.grow([late.log_file(START_US + 2 * HOUR_US + MINUTE_US)], restart=True)
    return Expected(status=0)


def backfill_without_its_time(made: MadeChain) -> Expected:
    backfill(made)
    late = MadeChain(made.bucket, made.chain.of_backfill(), now_us=START_US + 3 * HOUR_US)
    one = late.grow([])
    del one.metadata["backfill-generation-timestamp"]
    late.put_bytes(one.key, one.stored, one.metadata)
    return Expected({one.key: FORMAT})


def backfill_with_an_edited_log(made: MadeChain) -> Expected:
    late = MadeChain(made.bucket, made.chain.of_backfill(), now_us=START_US + HOUR_US)
    (key,) = late.grow([late.log_file(START_US + HOUR_US + MINUTE_US)]).log_keys
    made.bucket.put(key, gzip.compress(b"{}"), Properties())
    return Expected({key: HASH})


CASES: dict[str, Case] = {
    case.__name__.replace("_", "-"): case
    for case in (
        untouched, empty_hours, rotated_key, log_edited, event_inserted, log_truncated, log_emptied,
        log_without_its_gzip_trailer, log_deleted, logs_swapped, log_packed_anew, log_with_a_second_member,
        log_unpacked, log_inserted, digest_edited, log_taken_out_of_its_digest, digest_packed_anew,
        digest_with_a_second_member,
        digest_not_packed, digest_without_a_member, digest_deleted, two_digests_deleted, oldest_digest_deleted,
        newest_digest_deleted, signature_removed, algorithm_removed, signature_of_another_digest, digest_moved,
        digests_swapped, forged_with_an_unknown_key, forged_under_the_name_of_the_right_key,
        forged_with_a_key_that_is_listed, chain_restarted, time_left_open, time_covered_twice,
        digest_that_nothing_goes_on_from, backfill, backfill_without_its_time, backfill_with_an_edited_log,
    )
}  # fmt: skip
