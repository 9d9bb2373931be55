"""The end of a process of the server that has closed everything: at once, and in silence.

The interpreter's own end would have DuckDB's binding list on the terminal what it still knows of.
"""

import logging
import os
import sys
from typing import NoReturn


def end_process(status: int = 0) -> NoReturn:
    """End this process; what was printed and logged is out."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
