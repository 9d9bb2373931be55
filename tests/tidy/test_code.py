"""The rules that a test can check: sizes, names, first sentences, and documentation that keeps up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import opentrail.server.running  # noqa: F401 - registers every metric
from opentrail.server import settings
from opentrail.server.cli import COMMANDS
from opentrail.telemetry import REGISTRY

ROOT = Path(__file__).parent.parent.parent
FILE_LINES = 400
FUNCTION_LINES = 70
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}
SOURCES = sorted(path for folder in ("opentrail", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    long = [_named(path) for path in SOURCES if path.read_text("utf-8").count("\n") > FILE_LINES]
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{_named(path)}:{function.lineno} {function.name}"
        for path in SOURCES
        for function in _functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
    ]
    assert not long


def test_no_module_has_a_name_without_meaning() -> None:
    banned = [_named(path) for path in SOURCES if BANNED_NAMES & {path.stem, *path.relative_to(ROOT).parts[:-1]}]
    assert not banned


def test_every_module_says_what_it_is_for() -> None:
    silent = [_named(p) for p in SOURCES if p.stat().st_size and not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert not silent


def test_every_package_of_the_product_has_tests_in_its_mirror() -> None:
    packages = [path for path in (ROOT / "opentrail").iterdir() if (path / "__init__.py").exists()]
    bare = [path.name for path in packages if not list((ROOT / "tests" / path.name).glob("test_*.py"))]
    assert not bare


def test_every_module_that_the_architecture_names_is_there() -> None:
    architecture = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    rows = architecture.partition("## Where to look")[2].partition("\n## ")[0]
    named = re.findall(r"`((?:[a-z_0-9]+/)+(?:[a-z_0-9]+\.py)?)`", rows)
    missing = [name for name in named if not (ROOT / "opentrail" / name).exists() and not (ROOT / name).exists()]
    assert len(named) > 100 and not missing


def test_every_package_has_its_place_in_the_architecture() -> None:
    floors = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8").partition("## Floors")[2].partition("\n## ")[0]
    there = [path for path in (ROOT / "opentrail").iterdir() if not path.name.startswith("_")]
    names = [path.stem for path in there if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert [name for name in names if f"`{name}`" not in floors] == []


@pytest.fixture(scope="module")
def operations() -> str:
    return (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")


def test_every_metric_is_documented(operations: str) -> None:
    missing = [metric.name for metric in REGISTRY.collect() if f"`{metric.name}`" not in operations]
    assert not missing


def test_every_setting_is_documented(operations: str) -> None:
    tables = (
        settings.Server,
        settings.History,
        settings.Journal,
        settings.Organization,
        settings.Upstream,
        settings.LookUp,
        settings.Principal,
        settings.Delivery,
        settings.Limits,
        settings.Lake,
    )
    missing = [
        f"{table.__name__}.{field.name}"
        for table in tables
        for field in msgspec.structs.fields(table)
        if f"`{field.name}`" not in operations
    ]
    assert not missing


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in COMMANDS if not re.search(rf"`opentrail {name}\b", readme)]
    assert not missing
