"""Where everything lies in a data folder."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from opentrail.trusted_clock import FILE_NAME

PRIVATE_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One server's data: the journal, the tables, the catalog, the secrets, and the sandbox's own files."""

    root: Path

    @classmethod
    def resolve(cls, option: Path | None) -> "DataFolder":
        """The folder asked for, else `$OPENTRAIL_DATA_DIR`, else `opentrail` in the user's data folder."""
        if option is not None:
            return cls(option.expanduser().absolute())
        named = os.environ.get("OPENTRAIL_DATA_DIR")
        if named:
            return cls(Path(named).expanduser().absolute())
        home = os.environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
        return cls(Path(home) / "opentrail")

    @property
    def journal(self) -> Path:
        """The journal's database."""
        return self.root / "journal"

    @property
    def catalog(self) -> Path:
        """The catalog's database: keys, imports."""
        return self.root / "catalog"

    @property
    def secrets(self) -> Path:
        """The master key and what is derived of it; readable by the owner alone."""
        return self.root / "secrets"

    @property
    def tables(self) -> Path:
        """Iceberg tables: their catalog, metadata and segments."""
        return self.root / "tables"

    @property
    def trusted_clock(self) -> Path:
        """What time it is as far as deletion is concerned; see `opentrail.trusted_clock`."""
        return self.root / FILE_NAME

    @property
    def locks(self) -> Path:
        """One file a lock: server, followers, imports."""
        return self.root / "locks"

    @property
    def spool(self) -> Path:
        """Bodies that wait on disk to be verified; emptied at every start."""
        return self.root / "spool"

    @property
    def outbox(self) -> Path:
        """Log files and digests of trails that wait to be delivered."""
        return self.root / "outbox"

    @property
    def results(self) -> Path:
        """Results of queries over event data stores, a folder each; kept for seven days."""
        return self.root / "results"

    @property
    def sandbox(self) -> Path:
        """What belongs to the embedded cloud."""
        return self.root / "sandbox"

    def create(self) -> None:
        """Make every folder that is not there yet, closed to other users."""
        for folder in (self.root, self.journal, self.catalog, self.secrets, self.tables, self.locks, self.spool):
            folder.mkdir(parents=True, exist_ok=True)
            if stat.S_IMODE(folder.stat().st_mode) != PRIVATE_FOLDER_MODE:  # a read-only one may be private already
                folder.chmod(PRIVATE_FOLDER_MODE)

    def exists(self) -> bool:
        """Whether a server or an import ever wrote here."""
        return self.journal.is_dir()
