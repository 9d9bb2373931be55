"""Who asks, as policies name callers: a service, or a principal by its account, its role and itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field

Level = frozenset[tuple[str, str]]  # names of one kind of principal each: ("AWS", "111122223333")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a service by its name, or a principal of an account by its ARNs.

    `arns`: its own first, then whose permissions it uses (a session's role, a federated user's user). `ids`: the unique
    ids (`AIDA...`, `AROA...`) that policies name instead of ARNs once AWS has rewritten them, in the same order.
    Without any of them: nobody we know.
    """

    service: str = ""
    account: str = ""
    arns: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    provider: str = ""  # of the assertion or token that a session began with
    levels: tuple[Level, ...] = field(init=False, repr=False, compare=False)  # the account first, itself last

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self._levels()))

    @property
    def is_root(self) -> bool:
        """Whether it is an account's root, which needs no policy in its account."""
        return bool(self.account) and self.arns == (f"arn:aws:iam::{self.account}:root",)

    def _levels(self) -> Iterable[Level]:
        if self.service:
            yield frozenset({("Service", self.service)})
            return
        if not self.account:
            return
        yield frozenset({("AWS", self.account), ("AWS", f"arn:aws:iam::{self.account}:root")})
        if self.is_root:
            return
        ids = [*self.ids, *("" for _ in self.arns[len(self.ids) :])]
        for arn, unique in reversed(list(zip(self.arns, ids, strict=False))):
            yield frozenset({("AWS", arn), ("AWS", unique or arn)})
