"""What became of the records and files of an import: values that add up."""

from dataclasses import dataclass

from opentrail.errors import OpenTrailError


class ImportUnbalanced(OpenTrailError):
    """Records came in of which it is not known what became."""


@dataclass(slots=True)
class ImportCounts:
    """Counts of one import, over all its runs where it was broken off and went on.

    `records_in` is counted where records come out of files, the other three where they end; `check` compares.
    `files_before` are files that an earlier, unfinished run had already done; their records are in the counts.
    """

    files_read: int = 0
    files_before: int = 0
    files_passed_over: int = 0
    files_set_aside: int = 0
    bytes_stored: int = 0
    records_in: int = 0
    kept: int = 0
    duplicates: int = 0
    set_aside: int = 0

    def check(self) -> None:
        """Raise ImportUnbalanced unless every record that came in was kept, known already, or set aside."""
        if self.records_in != self.kept + self.duplicates + self.set_aside:
            raise ImportUnbalanced(
                f"{self.records_in} records came in, but {self.kept} kept + {self.duplicates} duplicates + "
                f"{self.set_aside} set aside are {self.kept + self.duplicates + self.set_aside}"
            )
