"""Two judges of one bucket: the AWS CLI, unmodified, and `opentrail validate`; what they say, in one form."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typer.testing import CliRunner

from opentrail.server.cli import command_line
from tests.objects.seaweedfs import KEY

# One process for many runs: loading the CLI takes longer than most of them.
_BATCH = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = create_clidriver().main(json.loads(line))
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
"""
_VERDICT = re.compile(r"(?:\(backfill\) )?(?:Digest|Log) file\t(\S+)\t(valid|INVALID: .*)")
_RATIO = re.compile(r"(\d+)/(\d+) (digest|backfill digest|log) files valid")
# Of backfill digests, which are not continuous, the AWS CLI says it too.
_STOPPED = re.compile(r"^No log files were delivered by CloudTrail between \S+ and \S+", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """What a judge said. `verdicts`: by URL; `ratios`: (valid, all) by sort of file; `stopped`: its lines on gaps."""

    status: int
    verdicts: dict[str, str]
    ratios: dict[str, tuple[int, int]]
    stopped: set[str]
    text: str

    @classmethod
    def of(cls, status: int, text: str) -> "Said":
        return cls(
            status=status,
            verdicts={match[1]: match[2] for match in _VERDICT.finditer(text)},
            ratios={match[3]: (int(match[1]), int(match[2])) for match in _RATIO.finditer(text)},
            stopped=set(_STOPPED.findall(text)),
            text=text,
        )

    @property
    def invalid(self) -> dict[str, str]:
        return {url: verdict for url, verdict in self.verdicts.items() if verdict != "valid"}


def environment(s3: str, cloudtrail: str) -> dict[str, str]:
    return {
        **KEY,
        "AWS_ENDPOINT_URL_S3": s3,
        "AWS_ENDPOINT_URL_CLOUDTRAIL": cloudtrail,
        "AWS_ENDPOINT_URL_ORGANIZATIONS": cloudtrail,
    }


def aws_cli(env: Mapping[str, str], runs: Sequence[Sequence[str]]) -> list[Said]:
    """What `aws cloudtrail validate-logs --verbose` says with each of the option lists `runs`."""
    lines = "".join(json.dumps(["cloudtrail", "validate-logs", "--verbose", *run]) + "\n" for run in runs)
    done = subprocess.run(
        [sys.executable, "-c", _BATCH], input=lines, env={**os.environ, **env},
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(runs)
    return [Said.of(status, out + err) for status, out, err in answers]


def opentrail(env: Mapping[str, str], *options: str) -> Said:
    """What `opentrail validate --verbose` says."""
    done = CliRunner().invoke(command_line("validate"), ["validate", "--verbose", *options], env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Said.of(done.exit_code, done.output)


def report(env: Mapping[str, str], *options: str) -> dict[str, object]:
    """What `opentrail validate --json` says."""
    done = CliRunner().invoke(command_line("validate"), ["validate", "--json", *options], env=env)
    answer: dict[str, object] = json.loads(done.stdout)
    assert answer["exitStatus"] == done.exit_code
    return answer


def kinds(answer: Mapping[str, object]) -> dict[str, int]:
    """Kinds of findings and their numbers, of a report."""
    counts = answer["counts"]
    assert isinstance(counts, dict)
    return counts
