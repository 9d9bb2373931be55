"""Federation: what lets other engines find the table of a store by its folder alone.

Beside Iceberg's own metadata files the folder `metadata` of a federated store has what tables of Iceberg's Hadoop
layout have: `v<N>.metadata.json`, the current metadata under a second name, and `version-hint.text`, which says N. N
ascends with every commit. The file is there before the hint names it, and the one before stays until the next, so that
who has just read the hint finds what it says. Without federation neither is there.
"""

import os
import re
from pathlib import Path
from typing import Final

from opentrail.segments.table import EventTable
from opentrail.segments.writer import sync

HINT: Final = "version-hint.text"
_VERSION: Final = re.compile(r"v(\d+)\.metadata\.json")


class Pointer:
    """The hint of one table. For the table's committer."""

    def __init__(self, table: EventTable) -> None:
        self._table = table
        self._followed: Path | None = None  # what the hint leads to; None: to nothing, or nobody has looked yet
        self._looked = False

    def follow(self, *, federated: bool) -> None:
        """Let the hint lead to the table's current metadata, or to nothing; durable on return."""
        wanted = self._table.metadata_file if federated else None
        if self._looked and wanted == self._followed:
            return
        if wanted is None:
            self._withdraw()
        else:
            self._publish(wanted)
        self._looked, self._followed = True, wanted

    def files(self) -> set[Path]:
        """The files that federation has in the table's folder."""
        folder = self._table.metadata_folder
        return {folder / HINT, *_versions(folder).values()}

    def _publish(self, current: Path) -> None:
        folder = self._table.metadata_folder
        versions = _versions(folder)
        number = max(versions, default=0) + 1
        os.link(current, folder / f"v{number}.metadata.json")
        draft = folder / f"{HINT}.new"
        draft.write_text(str(number))
        sync(draft)
        draft.replace(folder / HINT)
        sync(folder)
        for older, path in versions.items():
            if older < number - 1:
                path.unlink(missing_ok=True)

    def _withdraw(self) -> None:
        for path in self.files():
            path.unlink(missing_ok=True)


def _versions(folder: Path) -> dict[int, Path]:
    found = ((_VERSION.fullmatch(path.name), path) for path in folder.glob("v*.metadata.json"))
    return {int(match[1]): path for match, path in found if match is not None}
