"""The catalog as a table's one committer uses it: what was committed last is known, and is neither read nor copied.

pyiceberg reads the metadata file again for every commit and makes deep copies of all it says, the schema and fifty
snapshots, whenever a step of a commit looks at them: four fifths of what a commit cost. Here the metadata of the last
commit are kept, and shared by those made of them: nothing changes metadata in place. That somebody else has committed
meanwhile, which may not be, is still found: the catalog's row is changed only where it names what is known here.
"""

from collections.abc import Mapping
from typing import Any, Self

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadataV2
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import Identifier


class SharedMetadata(TableMetadataV2):
    """Metadata whose copies share what they have in common."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other members; `deep` has no meaning for what is never changed."""
        return super().model_copy(update=update)


class CommitterCatalog(SqlCatalog):
    """A catalog that remembers one table, which nobody else commits."""

    _held: Table | None = None

    def hold(self, table: Table) -> None:
        """Remember the table, as it is now and as every commit leaves it."""
        table.metadata = SharedMetadata.model_construct(**dict(table.metadata))
        self._held = table

    def load_table(self, identifier: str | Identifier) -> Table:
        """As the catalog and the metadata file say, unless the table is held."""
        if self._held is not None and self.identifier_to_tuple(identifier) == self._held.name():
            return self._held
        return super().load_table(identifier)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """As pyiceberg's; after a failure nothing is taken to be known."""
        try:
            return super().commit_table(table, requirements, updates)
        except BaseException:
            self._held = None
            raise
