"""Lists of rows as bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opentrail.segments import postings


@given(st.lists(st.integers(0, 2**32 - 1), max_size=300))
def test_numbers_come_back(numbers: list[int]) -> None:
    data, starts = postings.encode(np.array(numbers, np.int64))
    assert postings.decode(data).tolist() == numbers
    for number, start in zip(numbers, starts.tolist(), strict=True):
        assert postings.decode(data[start:])[0] == number


def test_small_numbers_take_one_byte() -> None:
    assert len(postings.encode(np.array([0, 1, 127]))[0]) == 3
    assert len(postings.encode(np.array([128]))[0]) == 2
