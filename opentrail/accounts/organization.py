"""The organization that accounts belong to: who manages it, and whose events its trails cover."""

import msgspec


class Organization(msgspec.Struct, frozen=True):
    """One organization; `members` are its accounts beside the management account."""

    id: str  # o-...
    management_account: str
    members: tuple[str, ...] = ()
    delegated_admins: tuple[str, ...] = ()  # members that manage CloudTrail as the management account does
    all_features: bool = True  # False: consolidated billing alone, without trails of the organization
    trusts_cloudtrail: bool = True  # trusted access for CloudTrail is on

    @property
    def accounts(self) -> frozenset[str]:
        """All accounts of the organization."""
        return frozenset((self.management_account, *self.members))

    def has_member(self, account: str) -> bool:
        """Whether the account belongs to it, and does not manage it."""
        return account in self.members and account != self.management_account

    def is_administered_by(self, account: str) -> bool:
        """Whether the account may do with CloudTrail what the management account may."""
        return account == self.management_account or account in self.delegated_admins
