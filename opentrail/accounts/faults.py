"""What can go wrong with keys, secrets and organizations."""

from opentrail.errors import ClientError, OpenTrailError


class MasterKeyUnreadable(OpenTrailError):
    """The master key cannot be read: restore secrets/master.key from a copy of the data folder."""


class SecretsSealedOtherwise(OpenTrailError):
    """The secrets in the catalog were sealed with another master key: restore secrets/master.key as it was."""


class NoOrganization(ClientError):
    """Your account is not a member of an organization."""

    code = "OrganizationsNotInUseException"


class NotManagementAccount(ClientError):
    """Trails and event data stores of an organization are a matter of its management account."""

    code = "NotOrganizationMasterAccountException"
