"""Whether anybody else on the machine could read a data folder: it is refused before anything is opened in it.

What the server writes from then on is its user's alone, whatever the shell's umask is.
"""

import os
import stat
from pathlib import Path

from opentrail.errors import OpenTrailError
from opentrail.server.data_folder import DataFolder
from opentrail.telemetry import logger

log = logger("server")

_OTHERS = stat.S_IRWXO
_GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FolderOpenToOthers(OpenTrailError):
    """Other users of this machine can reach the data folder."""


def require_private(folder: DataFolder) -> None:
    """Raise FolderOpenToOthers where a folder that holds data lets others in, its secrets also where a group is let in.

    An empty or missing folder is none yet: it is made private when it is created.
    """
    if not folder.exists():
        return
    for path, bits in ((folder.root, _OTHERS), (folder.secrets, _GROUP_AND_OTHERS)):
        _require(path, bits)


def write_privately() -> None:
    """Files and folders that this process and its children make are closed to others."""
    os.umask(_GROUP_AND_OTHERS)


def note_root() -> None:
    """Say so in the log where the server runs as root: it needs no right that a user does not have."""
    if os.geteuid() == 0:
        log.warning("the server runs as root, and needs not to", action="server-runs-as-root")


def _require(path: Path, bits: int) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if mode & bits and not stat.S_ISLNK(mode):
        raise FolderOpenToOthers(
            f"{path} can be reached by other users of this machine (mode {stat.S_IMODE(mode):04o}); whatever lay in it "
            f"may have been read. Close it (chmod go= {path}), and replace the keys in it if they were at risk"
        )
