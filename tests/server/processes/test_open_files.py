"""The limit of open files, in a process of its own."""

import subprocess
import sys

CODE = """
import resource
from opentrail.server.processes.open_files import raise_open_files_limit
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
told = raise_open_files_limit()
assert told == resource.getrlimit(resource.RLIMIT_NOFILE)[0], told
assert told > 256 or hard == 256, told
assert raise_open_files_limit() == told
print(told)
"""


def test_the_soft_limit_is_raised_once() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
