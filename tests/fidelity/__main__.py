"""Writes docs/FIDELITY.md: python -m tests.fidelity."""

import os
import tempfile
from pathlib import Path

from tests.fidelity.replay import scores
from tests.fidelity.report import report

_ROOT = Path(__file__).parents[2]
_SAMPLES = Path(os.environ.get("OPENTRAIL_SAMPLE_DATA", _ROOT / "../shared/data/cloudtrail"))

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = report(scores(_SAMPLES, Path(folder)))
    (_ROOT / "docs" / "FIDELITY.md").write_text(text, "utf-8")
