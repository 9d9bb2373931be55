"""Pages of text."""

import random

import pytest
import zstandard

from opentrail.segments.faults import SegmentCorrupt
from opentrail.segments.pages import TextPage, unpack_page

TEXTS = [bytes([65 + number % 26]) * (number * 7 % 50) for number in range(100)]
DATA = b"".join(len(text).to_bytes(4, "little") + text for text in TEXTS)


def test_records_are_found_in_any_order() -> None:
    numbers = list(range(100)) * 2
    random.Random(1).shuffle(numbers)
    page = TextPage(DATA)
    assert [page[number] for number in numbers] == [TEXTS[number] for number in numbers]


@pytest.mark.parametrize(("data", "number"), [(DATA, 100), (DATA[:-1], 99), (DATA[:-1], 100), (b"", 0), (b"\1\0", 0)])
def test_a_record_that_is_not_whole_is_an_error(data: bytes, number: int) -> None:
    with pytest.raises(SegmentCorrupt, match="ends"):
        TextPage(data)[number]


def test_a_page_unpacks_to_the_size_that_its_header_states() -> None:
    frame = zstandard.ZstdCompressor().compress(DATA)
    assert unpack_page(frame, len(DATA)) == DATA
    with pytest.raises(SegmentCorrupt):
        unpack_page(frame[:-5], len(DATA))
