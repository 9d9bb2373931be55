"""The same queries on Spark give what they give on DuckDB: all samples, and the probes with Trino's values."""

import shutil
import warnings
from datetime import UTC, datetime

import pytest

from opentrail.clock import SettableClock
from opentrail.errors import OpenTrailError
from opentrail.lake.engine import Engine, QueryFailed, Table
from opentrail.lake.samples.catalogue import samples
from opentrail.lake.spark_engine import SparkEngine, SparkTable
from opentrail.lake.sql.functions import AGGREGATES, SCALARS, WINDOWS
from opentrail.lake.sql.on_spark.dialect import SparkDialect
from opentrail.lake.sql.on_spark.functions import TEMPLATES
from opentrail.lake.sql.queries import Queries
from opentrail.lake.sql.schemas import BY_CATEGORY
from opentrail.lake.sql.statement import read_statement
from tests.lake.samples.conftest import STORES, parquet  # noqa: F401 - a fixture
from tests.lake.samples.events import NOW
from tests.lake.sql.test_probes import _MARKS, PROBES

_TOGETHER = 20  # probes a statement
ABSENT = "is not there on this engine"
# What Spark gives otherwise, and why that stays.
OTHERWISE = {"1 = SOME (VALUES 1, 2)": "Spark 4.3 fails on IN over a query that reads no table"}


def test_every_template_belongs_to_a_signature():
    heads = {one.head for kind in (SCALARS, AGGREGATES, WINDOWS) for several in kind.values() for one in several}
    assert set(TEMPLATES) <= heads
    assert len(TEMPLATES) > 0.8 * len(heads)


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_every_sample_can_be_written_for_spark(sample):
    tables = {STORES[sample.category]: BY_CATEGORY[sample.category]}
    statement = read_statement(sample.sql.replace("$EDS_ID", STORES[sample.category]))
    compiled = Queries(tables, SparkDialect(0)).compile(statement.tree, None, {})
    assert compiled.sql.startswith(("SELECT", "(SELECT"))
    assert "list_transform" not in compiled.sql and "strftime" not in compiled.sql


@pytest.fixture(scope="module")
def session():
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'opentrail[spark]'")
    if shutil.which("java") is None:
        pytest.skip("there is no Java, which Spark needs")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = sql.SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    made.sparkContext.setLogLevel("OFF")
    yield made
    made.stop()


def _rows(answer):
    return [row for batch in answer.texts() for row in zip(*(one.to_pylist() for one in batch.columns), strict=True)]


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_samples_give_the_same_rows(session, parquet):  # noqa: F811
    clock = SettableClock(NOW)
    on_spark = {STORES[name]: SparkTable(BY_CATEGORY[name], [path]) for name, path in parquet.items()}
    spark = SparkEngine(session, on_spark, clock)
    duck = Engine(
        {
            STORES[name]: Table(BY_CATEGORY[name], f"SELECT * FROM read_parquet('{path}')", (path,))
            for name, path in parquet.items()
        },
        clock,
    )
    different = []
    for sample in samples():
        text = sample.sql.replace("$EDS_ID", STORES[sample.category])
        expected, found = duck.prepare(text), spark.prepare(text)
        assert expected.names == found.names
        assert expected.types == found.types
        if sorted(map(str, _rows(expected))) != sorted(map(str, found.rows())):
            different.append(sample.name)
    duck.close()
    assert different == []


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_probes_have_trinos_value(session):
    spark = SparkEngine(session, {}, SettableClock(datetime(2026, 3, 4, 10, 15, 31, 123_000, tzinfo=UTC)))
    written, absent = [], 0
    for expression, value in PROBES:
        try:
            spark.prepare(f"SELECT {expression}")
        except OpenTrailError as refused:
            absent += ABSENT in refused.message
            assert value == "REFUSED" or ABSENT in refused.message, (expression, refused.message)
        else:
            written.append((expression, value))
    found = {}
    for start in range(0, len(written), _TOGETHER):
        found |= _values(spark, [expression for expression, _ in written[start : start + _TOGETHER]])
    different = {
        expression: found[expression]
        for expression, value in written
        if found[expression] != _MARKS.get(value, value) and expression not in OTHERWISE
    }
    assert different == {}
    assert absent < 0.15 * len(PROBES)


def _values(spark, expressions):
    """The value of each; asked together, and one by one where that fails."""
    try:
        (row,) = spark.prepare(f"SELECT {', '.join(expressions)}").rows()
    except OpenTrailError as failed:
        if len(expressions) == 1:
            return {expressions[0]: "REFUSED" if isinstance(failed, QueryFailed) else failed.message}
        return {key: value for one in expressions for key, value in _values(spark, [one]).items()}
    return dict(zip(expressions, row, strict=True))
