"""Documents to raw records: nothing but layout is lost, and one bad record does not spoil its file."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail.record.faults import NotALogFile
from opentrail.record.text import one_line, split_records, split_with_faults

RECORD = b'{"eventVersion":"1.08","eventID":"a","n":1.688560107857E9,"s":"\\u003d \\" ,[{ \\\\"}'

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
spaces = st.text(alphabet=" \t\r\n", max_size=3)


@st.composite
def laid_out(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A JSON object as compact text, and the same with white space between its tokens."""
    compact = json.dumps(
        draw(st.dictionaries(st.text(), json_values)), separators=(",", ":"), ensure_ascii=draw(st.booleans())
    )
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+', compact)
    assert "".join(tokens) == compact
    loose = "".join(draw(spaces) + token for token in tokens)
    return compact.encode("utf-8"), loose.encode("utf-8")


@given(laid_out())
def test_layout_goes_and_every_other_byte_stays(texts: tuple[bytes, bytes]) -> None:
    compact, loose = texts
    flat = one_line(loose)
    if b"\n" in loose or b"\r" in loose:
        assert flat == compact
    else:
        assert flat is loose
    assert json.loads(flat) == json.loads(compact)


@given(st.lists(laid_out(), min_size=1, max_size=5))
def test_every_container_gives_the_same_records(texts: list[tuple[bytes, bytes]]) -> None:
    compact = [text[0] for text in texts]
    assert split_records(b'{"Records":[' + b",".join(compact) + b"]}") == compact
    assert split_records(b' {"Records" : [\n' + b" ,\n".join(text[1] for text in texts) + b"\n] } \n") == [
        one_line(text[1].strip()) for text in texts
    ]
    assert split_records(b"[" + b", ".join(compact) + b"]") == compact


def test_numbers_and_escapes_keep_their_spelling() -> None:
    pretty = (
        b'{\n "Records": [\n  {\n  "eventID" : "a",\n "n" : 1.688560107857E9 ,\r\n "m": 0.0000882145,'
        b' "s": "\\u003d \\" \\n  x"\n}\n]\n}\n'
    )
    assert split_records(pretty) == [b'{"eventID":"a","n":1.688560107857E9,"m":0.0000882145,"s":"\\u003d \\" \\n  x"}']


def test_a_record_on_one_line_keeps_even_its_white_space() -> None:
    spaced = b'{"eventID": "a",  "b" :[1, 2]}'
    assert split_records(b'{"Records":[' + spaced + b"]}") == [spaced]


def test_lone_surrogates_survive_layout_removal() -> None:
    assert one_line(b'{\n"a": "\\ud800 \\n"\n}') == b'{"a":"\\ud800 \\n"}'


@pytest.mark.parametrize(
    "document",
    [RECORD, b"\xef\xbb\xbf" + RECORD, RECORD + b"\n", b"[" + RECORD + b"]", b'{"Records":[' + RECORD + b"]}"],
)
def test_single_records_in_every_container(document: bytes) -> None:
    assert split_records(document) == [RECORD]


def test_json_lines_with_blank_lines_carriage_returns_and_whole_files() -> None:
    document = RECORD + b"\r\n\r\n" + b'{"Records":[' + RECORD + b"," + RECORD + b"]}\n" + RECORD
    assert split_records(document) == [RECORD] * 4
    assert split_records(b'{"Records":[' + RECORD + b"]}\n" + b'{"Records":[' + RECORD + b"]}") == [RECORD] * 2


def test_values_that_follow_each_other_over_several_lines() -> None:
    pretty = json.dumps({"eventID": "a", "b": [1, {"c": 2}]}, indent=2).encode()
    assert split_records(pretty + b"\n" + pretty) == [b'{"eventID":"a","b":[1,{"c":2}]}'] * 2


def test_an_empty_list_of_records_is_a_log_file() -> None:
    assert split_with_faults(b'{"Records":[]}') == ([], [])


@pytest.mark.parametrize("open_, close", [(b'{"Records":[', b"]}"), (b"[", b"]")])
def test_bad_elements_are_named_and_the_rest_goes_on(open_: bytes, close: bytes) -> None:
    bad = [b'{"a":NaN}', b'{"a":01}', b"7", b'"text"', b"null", b"[1]", b'{"a" 1}']
    document = open_ + b",".join([RECORD, *bad, RECORD]) + close
    good, faults = split_with_faults(document)
    assert good == [(0, RECORD), (8, RECORD)]
    assert [fault.index for fault in faults] == [1, 2, 3, 4, 5, 6, 7]
    assert [fault.reason.split(":")[0] for fault in faults] == [
        "not JSON", "not JSON", "not an object but a number", "not an object but a string", "not an object but null",
        "not an object but an array", "not JSON",
    ]  # fmt: skip


def test_elements_that_are_no_objects_in_a_sound_file() -> None:
    good, faults = split_with_faults(b'{"Records":[1,' + RECORD + b",null,true]}")
    assert good == [(1, RECORD)]
    assert [(fault.index, fault.reason) for fault in faults] == [
        (0, "not an object but a number"),
        (2, "not an object but null"),
        (3, "not an object but true or false"),
    ]


@pytest.mark.parametrize("cut", [b'{"Records":[', b"["])
def test_a_record_cut_at_the_end_of_its_file_is_set_aside(cut: bytes) -> None:
    good, faults = split_with_faults(cut + RECORD + b"," + RECORD[:-9])
    assert good == [(0, RECORD)]
    assert [(fault.index, fault.reason) for fault in faults] == [(1, "cut off: the document ends inside it")]


def test_a_bad_line_among_good_ones() -> None:
    good, faults = split_with_faults(RECORD + b'\n{"eventID":"b",}\nplain text\n' + RECORD)
    assert [index for index, _ in good] == [0, 3]
    assert [fault.index for fault in faults] == [1, 2]
    assert "not JSON" in faults[0].reason


def test_records_with_lone_surrogates_are_kept_beside_others() -> None:
    odd = b'{"eventID":"b","s":"\\ud800"}'
    assert split_with_faults(b'{"Records":[' + RECORD + b"," + odd + b"]}") == ([(0, RECORD), (1, odd)], [])


def test_records_nested_without_end_do_not_spoil_their_file() -> None:
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    good, faults = split_with_faults(b'{"Records":[' + RECORD + b"," + deep + b"]}")
    assert good == [(0, RECORD)]
    assert [(fault.index, fault.reason) for fault in faults] == [(1, "nested too deeply")]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html>", "not-json"),
        (b"\x1f\x8b\x08\x00", "not-json"),
        (b"plain text", "not-json"),
        (b'{"Records":5}', "other"),
        (b'{"Records":{}}', "other"),
        (b'{"hello":"world"}', "other"),
        (b'{"digestStartTime":"2015-08-17T14:01:31Z","digestEndTime":"2015-08-17T15:01:31Z","logFiles":[]}', "digest"),
    ],
)
def test_other_documents_are_refused_by_kind(document: bytes, kind: str) -> None:
    with pytest.raises(NotALogFile) as caught:
        split_records(document)
    assert caught.value.kind == kind


def test_genuine_digests_are_told_apart(sample_data: Path) -> None:
    kinds = []
    for path in (sample_data / "digests").glob("otel-*.json"):
        with pytest.raises(NotALogFile) as caught:
            split_records(path.read_bytes())
        kinds.append(caught.value.kind)
    assert kinds == ["digest", "digest"]


def test_an_unterminated_string_full_of_escapes_takes_linear_time() -> None:
    document = b'{"Records":[{"a":"' + b'\\"' * 500_000
    _, faults = split_with_faults(document)
    assert faults[0].reason.startswith("cut off")


def test_all_log_files_split_into_the_records_that_are_beside_them(sample_data: Path) -> None:
    files = list((sample_data / "logs").rglob("*.json.gz"))
    total = 0
    for path in files:
        document = gzip.decompress(path.read_bytes())
        good, faults = split_with_faults(document)
        assert not faults
        assert [json.loads(raw) for _, raw in good] == json.loads(document)["Records"]
        if b"\n" not in document.strip():
            assert all(raw in document for _, raw in good)
        total += len(good)
    assert len(files) == 58
    assert total == 2900 + 142 + 7 + 2


def test_sample_lines_come_out_byte_for_byte(sample_records: dict[str, list[bytes]]) -> None:
    for raws in sample_records.values():
        assert split_records(b"\n".join(raws)) == raws
        assert split_records(b'{"Records":[' + b",".join(raws) + b"]}") == raws


def test_number_texts_of_the_samples_survive_pretty_printing(sample_records: dict[str, list[bytes]]) -> None:
    number = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?\d[\d.eE+-]*)')

    def numbers(raw: bytes) -> list[Any]:
        return [match.group(1) for match in number.finditer(raw) if match.group(1)]

    for raw in sample_records["invictus"][::7]:
        flat = one_line(msgspec.json.format(raw, indent=2))
        assert flat == raw
        assert numbers(flat) == numbers(raw)
