"""What a check of something on disk finds wrong: sentences that name the place."""

from dataclasses import dataclass, field
from typing import Final

MOST_PROBLEMS: Final = 100  # named one by one; a file that is damaged throughout need not fill the screen


@dataclass(slots=True, kw_only=True)
class Problems:
    """The problems that were found so far."""

    problems: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def add(self, problem: str) -> None:
        """Name a problem, unless too many have been named."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
