"""What is remembered of the catalog holds until anything in it is written, by whatever process."""

import subprocess
import sys

from opentrail.catalog.database import open_catalog
from opentrail.catalog.remembered import Remembered
from opentrail.catalog.tags import Tag, Tags

WRITE = """
import pathlib, sys
from opentrail.catalog.database import open_catalog
from opentrail.catalog.tags import Tag, Tags
Tags(open_catalog(pathlib.Path(sys.argv[1]))).add("arn:a", [Tag("k", "other process")])
"""


def test_an_answer_is_asked_once_and_again_after_any_change(tmp_path):
    engine = open_catalog(tmp_path)
    tags = Tags(engine)
    asked: list[str] = []

    def ask(arn: str) -> tuple[Tag, ...]:
        asked.append(arn)
        return tags.of(arn)

    remembered = Remembered(engine)
    tags_of, length = remembered(ask), remembered(len)
    assert (tags_of("arn:a"), tags_of("arn:a"), length("arn:a")) == ((), (), 5), "questions do not mix"
    assert asked == ["arn:a"]
    tags.add("arn:a", [Tag("k", "v")])
    assert tags_of("arn:a") == (Tag("k", "v"),)
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], check=True)
    assert tags_of("arn:a") == (Tag("k", "other process"),)
    assert asked == ["arn:a"] * 3
    for number in range(10_000):
        tags_of(f"arn:{number}")
    assert len(remembered._answers) <= 4096, "what callers name does not fill the memory"
    engine.dispose()
