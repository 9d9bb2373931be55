"""Sample queries run and find something; together they use what the language of Lake has."""

import re

import pytest

from opentrail import limits
from opentrail.lake.samples.catalogue import samples
from tests.lake.samples.conftest import STORES

# Every function and construct that the reference names, as words of SQL.
USED = [
    "sum", "min", "max", "avg", "count", "arbitrary", "approx_distinct", "approx_percentile", "array_agg",
    "histogram", "map_agg", "count_if", "listagg", "element_at", "cardinality", "map_keys", "map_values",
    "contains", "array_distinct", "array_max", "array_min", "slice", "transform", "filter", "any_match",
    "none_match", "json_parse", "is_json_scalar", "json_extract", "json_extract_scalar", "json_format",
    "json_array_contains", "json_array_get", "json_array_length", "json_size", "current_timestamp", "now", "date",
    "date_add", "date_diff", "date_format", "date_trunc", "day_of_month", "day_of_week", "day_of_year", "hour",
    "minute", "second", "quarter", "week", "year", "year_of_week", "replace", "strpos", "coalesce", "lower",
    "length", "split", "split_part", "starts_with", "regexp_like", "regexp_extract", "try_cast", "cast", "greatest",
    "least", "rank", "row_number", "lag", "min_by", "max_by", "sequence", "round", "from_iso8601_timestamp", "map",
    "array", "row", "with", "unnest", "union", "except", "intersect", "left", "right", "inner", "having", "between",
    "in", "like", "distinct", "case", "interval", "timestamp", "limit", "desc", "nulls", "filter", "over", "rollup",
]  # fmt: skip


def asked(engine, sample):
    answer = engine.prepare(sample.sql.replace("$EDS_ID", STORES[sample.category]))
    return [row for batch in answer.texts() for row in zip(*(one.to_pylist() for one in batch.columns), strict=True)]


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_a_sample_finds_something(engine, sample):
    rows = asked(engine, sample)
    assert rows
    assert any(value is not None for row in rows for value in row)
    assert "$EDS_ID" in sample.sql and len(sample.sql) < limits.QUERY_CHARACTERS
    assert sample.description.endswith(".")


def test_there_are_enough_of_every_category():
    assert len(samples()) >= 60
    assert len({one.name for one in samples()}) == len(samples())
    assert {one.category for one in samples()} == set(STORES)


@pytest.mark.parametrize("word", USED)
def test_the_language_is_shown(word):
    assert any(re.search(rf"\b{word}\b", one.sql, re.IGNORECASE) for one in samples())
