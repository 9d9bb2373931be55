"""The worked example comes out of our writers byte for byte, and verifies."""

import hashlib
import zlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from opentrail.logfile import content, digest
from opentrail.logfile.digest import Digest, LogFileEntry, NotADigest
from opentrail.logfile.keys import Chain, DigestKey, Kind, LogFileKey
from opentrail.logfile.public_keys import fingerprint_of, load_pkcs1, read_list
from opentrail.logfile.signature import string_to_sign, verify
from tests.logfile import worked_example as example

CHAIN = Chain("123456789012", "us-east-1", "management", "us-east-1")


def us(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def first() -> Digest:
    return Digest(
        aws_account_id="123456789012",
        digest_start_time="2026-03-02T09:12:00Z",
        digest_end_time="2026-03-02T10:12:00Z",
        digest_s3_bucket=example.BUCKET,
        digest_s3_object=str(CHAIN.key_at(us(2026, 3, 2, 10, 12))),
        digest_public_key_fingerprint=example.FINGERPRINT,
        previous_digest_signature=None,
        log_files=[],
    )


def second() -> Digest:
    log_file = content.write([example.RECORD])
    key = LogFileKey("123456789012", "us-east-1", us(2026, 3, 2, 10, 35), "Zk3qT9aLw2PxVb7N")
    entry = LogFileEntry(
        s3_bucket=example.BUCKET,
        s3_object=str(key),
        hash_value=log_file.sha256,
        newest_event_time="2026-03-02T10:31:12Z",
        oldest_event_time="2026-03-02T10:31:12Z",
    )
    return Digest(
        aws_account_id="123456789012",
        digest_start_time="2026-03-02T10:12:00Z",
        digest_end_time="2026-03-02T11:12:00Z",
        digest_s3_bucket=example.BUCKET,
        digest_s3_object=str(CHAIN.key_at(us(2026, 3, 2, 11, 12))),
        digest_public_key_fingerprint=example.FINGERPRINT,
        newest_event_time="2026-03-02T10:31:12Z",
        oldest_event_time="2026-03-02T10:31:12Z",
        previous_digest_s3_bucket=example.BUCKET,
        previous_digest_s3_object=example.FIRST_KEY,
        previous_digest_hash_value=example.FIRST_SHA256,
        previous_digest_hash_algorithm="SHA-256",
        previous_digest_signature=example.FIRST_SIGNATURE,
        log_files=[entry],
    )


def test_the_digests_are_written_byte_for_byte() -> None:
    for value, inflated, sha256 in (
        (first(), example.FIRST, example.FIRST_SHA256),
        (second(), example.SECOND, example.SECOND_SHA256),
    ):
        file = digest.write(value)
        assert file.inflated == inflated
        assert file.sha256 == sha256
        assert zlib.decompress(file.stored, zlib.MAX_WBITS | 16) == inflated
        assert digest.read(inflated) == value


def test_the_log_file_is_written_byte_for_byte() -> None:
    file = content.write([example.RECORD])
    assert zlib.decompress(file.stored, zlib.MAX_WBITS | 16) == b'{"Records":[' + example.RECORD + b"]}"
    assert file.sha256 == example.LOG_FILE_SHA256
    assert content.write([b"{}", example.RECORD]).inflated_size == file.inflated_size + 3


def test_the_text_to_sign_is_that_of_the_example() -> None:
    assert string_to_sign(first(), example.FIRST_SHA256) == (
        f"2026-03-02T10:12:00Z\n{example.BUCKET}/{example.FIRST_KEY}\n{example.FIRST_SHA256}\nnull".encode()
    )
    assert string_to_sign(second(), example.SECOND_SHA256) == (
        f"2026-03-02T11:12:00Z\n{example.BUCKET}/{example.SECOND_KEY}\n{example.SECOND_SHA256}\n"
        f"{example.FIRST_SIGNATURE}".encode()
    )


def test_the_signatures_verify_and_no_other_text_does() -> None:
    key = load_pkcs1(example.PUBLIC_KEY)
    assert fingerprint_of(example.PUBLIC_KEY) == example.FINGERPRINT
    assert verify(key, first(), example.FIRST_SHA256, example.FIRST_SIGNATURE)
    assert verify(key, second(), example.SECOND_SHA256, example.SECOND_SIGNATURE)
    assert not verify(key, second(), example.FIRST_SHA256, example.SECOND_SIGNATURE)
    assert not verify(key, first(), example.FIRST_SHA256, example.SECOND_SIGNATURE)
    assert not verify(key, first(), example.FIRST_SHA256, "no hex")
    moved = msgspec.structs.replace(first(), digest_s3_bucket="another")
    assert not verify(key, moved, example.FIRST_SHA256, example.FIRST_SIGNATURE)


@pytest.mark.parametrize("member", ["digestEndTime", "digestS3Object", "previousDigestSignature", "logFiles"])
def test_a_digest_without_a_member_that_must_be_there_is_none(member: str) -> None:
    members = msgspec.json.decode(example.SECOND)
    del members[member]
    with pytest.raises(NotADigest, match=member):
        digest.read(msgspec.json.encode(members))


def test_genuine_digests_are_read_and_written_again_with_the_same_members(sample_data: Path) -> None:
    for path in sorted((sample_data / "digests").glob("otel-digest-*.json")):
        document = path.read_bytes()
        again = digest.write(digest.read(document)).inflated
        assert list(msgspec.json.decode(again).items()) == list(msgspec.json.decode(document).items()), path.name
    empty = digest.read((sample_data / "digests" / "otel-digest-empty.json").read_bytes())
    key = DigestKey.parse(empty.digest_s3_object)
    assert key == DigestKey(
        Chain("111122223333", "us-east-2", "example-trail-name", "us-east-2"), us(2015, 8, 20, 18, 1, 31)
    )
    assert str(key) == empty.digest_s3_object


def test_a_genuine_list_of_public_keys_is_read(sample_data: Path) -> None:
    (key,) = read_list((sample_data / "digests" / "aws-cli-list-public-keys.json").read_bytes())
    assert fingerprint_of(key.value) == key.fingerprint == "7f3f401420072e50a65a141430817ab3"
    assert (key.valid_from_us, key.valid_to_us) == (1453076702000000, 1455668702000000)
    assert key.rsa.key_size == 2048


def test_genuine_log_files_have_names_that_are_read_and_built_again(sample_data: Path) -> None:
    names = [path.name for path in (sample_data / "logs").rglob("*.json.gz") if path.name[:12].isdigit()]
    assert len(names) > 50
    for name in names:
        account, _, region, time, _ = name.split("_")
        key = f"AWSLogs/{account}/CloudTrail/{region}/{time[:4]}/{time[4:6]}/{time[6:8]}/{name}"
        parsed = LogFileKey.parse(key)
        assert parsed is not None
        assert (str(parsed), parsed.kind, parsed.account) == (key, Kind.CLOUDTRAIL, account)


def test_every_genuine_log_file_hashes_as_its_inflated_bytes(sample_data: Path) -> None:
    for path in (sample_data / "logs").rglob("*.json.gz"):
        stored = path.read_bytes()
        inflated = zlib.decompress(stored, zlib.MAX_WBITS | 16)
        found = content.examine([stored[:100], stored[100:]])
        assert (found.sha256, found.inflated_size) == (hashlib.sha256(inflated).hexdigest(), len(inflated))
        assert found.flaw is None
        assert found.whole
