"""Every form of a log file, whole and broken, becomes records and faults in bounded parts."""

import gzip
import json

import pytest

from opentrail import limits
from opentrail.objects.documents import Fault, read_records
from opentrail.record.faults import NotALogFile


def record(number: int, size: int = 300) -> bytes:
    filler = "x" * size
    return (
        f'{{"eventVersion":"1.08","eventTime":"2023-07-10T12:00:00Z","eventID":"id-{number}",'
        f'"requestParameters":{{"items":[{{"a":1.50}},{{"eventVersion":"no"}}],"text":"}},{{\\"eventVersion\\" '
        f'{filler}"}}}}'
    ).encode()


def records(count: int) -> list[bytes]:
    return [record(number) for number in range(count)]


class Stored:
    """An object whose bytes arrive in pieces of awkward sizes."""

    def __init__(self, data: bytes, piece: int = 1 << 16) -> None:
        self._data = memoryview(data)
        self._piece = piece

    def read(self, amount: int) -> bytes:
        taken = min(amount, self._piece)
        data, self._data = bytes(self._data[:taken]), self._data[taken:]
        return data

    def close(self) -> None:
        pass


def read(data: bytes, **options: int) -> tuple[list[bytes], list[Fault]]:
    raws: list[tuple[int, bytes]] = []
    faults: list[Fault] = []
    for part in read_records(Stored(data), **options):
        raws.extend(part.raws)
        faults.extend(part.faults)
    indexes = [index for index, _ in raws] + [fault.index for fault in faults if fault.index is not None]
    assert sorted(indexes) == list(range(len(indexes))), "every element has one index, without gaps"
    return [raw for _, raw in raws], faults


def envelope(raws: list[bytes]) -> bytes:
    return b'{"Records":[' + b",".join(raws) + b"]}"


def text(raw: bytes) -> bytes:
    return json.dumps(raw.decode()).encode()


LONG = records(2 * 3 * limits.IMPORT_CHUNK_BYTES // (2 * len(record(0))))
FORMS = {
    "log file": envelope,
    "log file on several lines": lambda raws: b'{\n "Records" : [\n' + b",\n".join(raws) + b"\n]\n}\n",
    "array": lambda raws: b"[" + b", ".join(raws) + b"]",
    "lines": lambda raws: b"\n".join(raws) + b"\n",
    "lines of Windows": lambda raws: b"\xef\xbb\xbf" + b"\r\n".join(raws),
    "two log files in one": lambda raws: envelope(raws[: len(raws) // 2]) + envelope(raws[len(raws) // 2 :]),
    "a log file a line": lambda raws: (
        envelope(raws[: len(raws) // 2]) + b"\n" + envelope(raws[len(raws) // 2 :]) + b"\n"
    ),
    "answer of LookupEvents": lambda raws: (
        b'{\n "Events": [\n'
        + b",\n".join(b'{"EventId":"x","CloudTrailEvent":' + text(raw) + b"}" for raw in raws)
        + b"]}"
    ),
    "lines of EventBridge": lambda raws: b"\n".join(
        b'{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":' + raw + b"}" for raw in raws
    ),
    "export of CloudWatch Logs": lambda raws: b"\n".join(b"2026-03-04T10:15:31.000Z " + raw for raw in raws),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("raws", [records(5), LONG], ids=["short", "long"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_records_come_out_of_every_form_byte_for_byte(form: str, raws: list[bytes], packed: bool) -> None:
    data = FORMS[form](raws)
    found, faults = read(gzip.compress(data, 1) if packed else data)
    assert faults == []
    assert found == raws


def test_indented_records_lose_white_space_between_tokens_alone() -> None:
    raws = records(3) + LONG
    text = json.dumps({"Records": [json.loads(raw) for raw in raws]}, indent=2).replace("1.5\n", "1.50\n")
    found, faults = read(text.encode())
    assert faults == []
    assert found == raws


def test_gzip_members_and_zero_padding_are_one_document() -> None:
    data = envelope(LONG)
    packed = gzip.compress(data[:1000], 1) + b"\0" * 600 + gzip.compress(data[1000:], 1) + b"\0" * 512
    found, faults = read(packed)
    assert (found, faults) == (LONG, [])


def test_parts_are_bounded() -> None:
    sizes = [sum(len(raw) for _, raw in part.raws) for part in read_records(Stored(envelope(LONG)))]
    assert len(sizes) > 2
    assert max(sizes) <= 2 * limits.IMPORT_CHUNK_BYTES


@pytest.mark.parametrize("raws", [records(20), LONG], ids=["short", "long"])
def test_a_broken_record_is_set_aside_and_the_rest_goes_on(raws: list[bytes]) -> None:
    middle = len(raws) // 2
    found, faults = read(envelope([*raws[:middle], b'{"eventVersion":"1.08","x":nope}', *raws[middle:]]))
    assert found == raws
    assert [fault.index for fault in faults] == [middle]
    assert faults[0].reason.startswith("not JSON")


@pytest.mark.parametrize("raws", [records(20), LONG], ids=["short", "long"])
def test_a_bottomless_record_is_set_aside(raws: list[bytes]) -> None:
    deep = b'{"eventVersion":"1.08","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    found, faults = read(envelope([raws[0], deep, *raws[1:]]))
    assert found == raws
    assert faults == [Fault(1, "nested too deeply")]


@pytest.mark.parametrize("raws", [records(20), LONG], ids=["short", "long"])
def test_a_log_file_cut_short_gives_what_is_complete(raws: list[bytes]) -> None:
    found, faults = read(envelope(raws)[:-20])
    assert found == raws[:-1]
    assert [fault.index for fault in faults] == [len(raws) - 1]


@pytest.mark.parametrize("raws", [records(20), LONG], ids=["short", "long"])
def test_gzip_that_ends_early_gives_what_is_complete_and_says_so(raws: list[bytes]) -> None:
    found, faults = read(gzip.compress(b"\n".join(raws), 0)[:-500])
    assert 0 < len(found) < len(raws)
    assert found[:-1] == raws[: len(found) - 1], "the last line may be cut, which its view tells"
    assert faults[-1].index is None
    assert faults[-1].reason.startswith("the gzip stream ends early")


def test_damaged_gzip_is_not_believed() -> None:
    packed = bytearray(gzip.compress(envelope(records(20)), 0))
    packed[len(packed) // 2] ^= 1
    found, faults = read(bytes(packed))
    assert found == []
    assert faults[0].index is None
    assert "checksum" in faults[0].reason


def test_what_is_no_gzip_after_its_first_bytes_is_a_fault_of_the_file() -> None:
    found, faults = read(b"\x1f\x8bnothing of the kind")
    assert found == []
    assert [fault.index for fault in faults] == [None]


def test_a_bomb_is_given_up_at_the_limit() -> None:
    raws = records(10)
    bomb = gzip.compress(b"\n".join(raws) + b"\n" * (3 * limits.IMPORT_CHUNK_BYTES), 9)
    found, faults = read(bomb, max_inflated_bytes=limits.IMPORT_CHUNK_BYTES)
    assert found in ([], raws)
    assert "inflates to more than" in faults[-1].reason


def test_a_list_without_an_end_of_a_record_is_given_up() -> None:
    raws = records(3)
    endless = envelope(
        [*raws, b'{"a":"' + b"x" * (limits.IMPORT_ELEMENT_BYTES + 3 * limits.IMPORT_CHUNK_BYTES) + b'"}']
    )
    found, faults = read(gzip.compress(endless, 1))
    assert found == raws
    assert [fault.index for fault in faults] == [None]
    assert "no record ends within" in faults[0].reason


def test_an_endless_line_is_set_aside_and_the_next_lines_go_on() -> None:
    raws = records(10)
    line = b'{"a":"' + b"x" * (3 * limits.IMPORT_CHUNK_BYTES) + b'"}'
    found, faults = read(b"\n".join([*raws, line, *raws]))
    assert found == raws + raws
    assert [fault.index for fault in faults] == [10]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n" + bytes(range(256)), "not-json"),
        (gzip.compress(b"\n" * (3 * limits.IMPORT_CHUNK_BYTES)), "empty"),
        (b"plain words\n" * limits.IMPORT_CHUNK_BYTES, "not-json"),
        (b'{"digestStartTime":"2015-08-20T17:01:31Z","digestEndTime":"2015-08-20T18:01:31Z","logFiles":[]}', "digest"),
        (b'{"name":"package"}', "other"),
    ],
    ids=["empty", "pdf", "blank lines", "text", "digest", "other JSON"],
)
def test_what_is_no_log_file_is_told_apart(data: bytes, kind: str) -> None:
    with pytest.raises(NotALogFile) as caught:
        read(data)
    assert caught.value.kind == kind


@pytest.mark.parametrize("data", [b"[" + b"0," * 1_500_000 + b"0]", b"x\n" * 5_000_000 + b"{"], ids=["list", "lines"])
def test_millions_of_tiny_values_do_not_fill_memory(data: bytes) -> None:
    try:
        parts = [len(part.raws) + len(part.faults) for part in read_records(Stored(data))]
    except NotALogFile:
        parts = []
    assert max(parts, default=0) <= limits.IMPORT_CHUNK_BYTES
