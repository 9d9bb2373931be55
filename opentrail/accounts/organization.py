"""The organization that accounts belong to: who manages it, and whose events its trails cover."""

import msgspec


class Organization(msgspec.Struct, frozen=True):
    """One organization with all features on; `members` are its accounts beside the management account."""

    id: str  # o-...
    management_account: str
    members: tuple[str, ...] = ()

    @property
    def accounts(self) -> frozenset[str]:
        """All accounts of the organization."""
        return frozenset((self.management_account, *self.members))
