"""How many files a process may have open: connections, and two for each segment that look-ups use."""

import resource

from opentrail.telemetry import logger

_LOG = logger("server")

WANTED_FILES = 65_536


def raise_open_files_limit() -> int:
    """Raise the soft limit as far as the hard one allows, at most to `WANTED_FILES`; the limit then in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        _LOG.debug("more open files", action="open-files-raised", files=wanted, before=soft)
        return wanted
    return soft
