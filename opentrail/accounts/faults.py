"""What can go wrong with keys, secrets and organizations."""

from opentrail.errors import ClientError, OpenTrailError


class MasterKeyUnreadable(OpenTrailError):
    """The master key cannot be read: restore secrets/master.key from a copy of the data folder."""


class MasterKeyWrong(OpenTrailError):
    """The master key is not the one that this data folder's keys are sealed with."""


class KeyRingUnreadable(OpenTrailError):
    """The key ring cannot be read: restore secrets/keyring.json from a copy of the data folder."""


class SecretsSealedOtherwise(OpenTrailError):
    """The secrets in the catalog were sealed with another master key: restore secrets/ as it was."""


class DataKeyMissing(OpenTrailError):
    """Something is sealed with a data key that the folder's key ring does not hold: restore secrets/ as it was."""


class SealedBytesChanged(OpenTrailError):
    """What was sealed is not as it was sealed: somebody has changed it."""


class NoOrganization(ClientError):
    """Your account is not a member of an organization."""

    code = "OrganizationsNotInUseException"


class NotManagementAccount(ClientError):
    """Trails and event data stores of an organization are a matter of its management account."""

    code = "NotOrganizationMasterAccountException"
