"""What can go wrong with keys, secrets, organizations and policies of resources."""

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
    """Trails and event data stores of an organization are a matter of those who administer it."""

    code = "NotOrganizationMasterAccountException"


class NotOrganizationManager(ClientError):
    """Only the organization's management account may do this."""

    code = "NotOrganizationManagementAccountException"


class NotAllFeatures(ClientError):
    """The organization does not have all features enabled."""

    code = "OrganizationNotInAllFeaturesModeException"


class CloudTrailNotTrusted(ClientError):
    """Trusted access for CloudTrail is not enabled in the organization."""

    code = "CloudTrailAccessNotEnabledException"


class ManagerNotDelegable(ClientError):
    """The management account of an organization cannot be a delegated administrator."""

    code = "CannotDelegateManagementAccountException"


class AccountNotInOrganization(ClientError):
    """The account is not a member of the organization."""

    code = "AccountNotFoundException"


class AccountNotRegistered(ClientError):
    """The account is not a delegated administrator."""

    code = "AccountNotRegisteredException"


class InvalidAccount(ClientError):
    """This is not the ID of an account."""

    code = "InvalidParameterException"


class InvalidResourceArn(ClientError):
    """The ARN is not that of a resource that can have a policy."""

    code = "ResourceARNNotValidException"


class ResourceHasNoPolicies(ClientError):
    """Resources of this type have no policies."""

    code = "ResourceTypeNotSupportedException"


class InvalidResourcePolicy(ClientError):
    """The policy is not valid for this resource."""

    code = "ResourcePolicyNotValidException"


class ResourcePolicyNotFound(ClientError):
    """The resource has no policy."""

    code = "ResourcePolicyNotFoundException"


class PolicyResourceNotFound(ClientError):
    """There is no such resource."""

    code = "ResourceNotFoundException"
