"""Samples are found by what they are about, best first."""

import pytest

from opentrail.lake.samples.search import search


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("console sign in without mfa", "Console sign-ins without MFA"),
        ("which buckets were deleted", "Buckets made and deleted soon after"),
        ("security group open to the world", "Security groups opened to the world"),
        ("use of root", "Use of the root user"),
        ("StopLogging", "Logging switched off or changed"),
    ],
)
def test_the_best_is_first(phrase, name):
    assert search(phrase)[0].sample.name == name


def test_relevance_falls_from_one_to_nought():
    found = [one.relevance for one in search("console sign in without mfa")]
    assert found == sorted(found, reverse=True)
    assert all(0 < one <= 1 for one in found)
    assert found[0] == 1.0


def test_nothing_fits_a_word_that_no_sample_has():
    assert search("zyzzyva") == []
    assert search("~~") == []


def test_words_that_every_question_has_do_not_count():
    assert [one.sample for one in search("show me all the errors")] == [one.sample for one in search("errors")]
