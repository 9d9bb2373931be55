"""RegisterOrganizationDelegatedAdmin and DeregisterOrganizationDelegatedAdmin."""

from collections.abc import Mapping
from typing import Any

from opentrail.accounts.organizations import Organizations
from opentrail.api.call import Asked, Room


class DelegatedAdminsRoom:
    """Registers accounts that manage CloudTrail for their organization."""

    def __init__(self, organizations: Organizations) -> None:
        self._organizations = organizations

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers."""
        return {
            "RegisterOrganizationDelegatedAdmin": Room(self.register),
            "DeregisterOrganizationDelegatedAdmin": Room(self.deregister),
        }

    def register(self, asked: Asked) -> dict[str, Any]:
        """A member account may do what the management account may."""
        self._organizations.register(asked.account, asked.parameters["MemberAccountId"])
        return {}

    def deregister(self, asked: Asked) -> dict[str, Any]:
        """It is a member like others again; what it made stays."""
        self._organizations.deregister(asked.account, asked.parameters["DelegatedAdminAccountId"])
        return {}
