"""What cannot be done with event data stores, by AWS's names; the docstring is the default message."""

from opentrail.errors import ClientError, Unavailable


class StoreArnInvalid(ClientError):
    """The specified event data store ARN is not valid or does not map to an event data store in your account."""

    code = "EventDataStoreARNInvalidException"


class StoreNotFound(ClientError):
    """The specified event data store was not found."""

    code = "EventDataStoreNotFoundException"


class TooManyStores(ClientError):
    """Your account has used the maximum number of event data stores."""

    code = "EventDataStoreMaxLimitExceededException"


class StoreInactive(ClientError):
    """The event data store is inactive."""

    code = "InactiveEventDataStoreException"


class InvalidStoreStatus(ClientError):
    """The event data store is not in a status that supports the operation."""

    code = "InvalidEventDataStoreStatusException"


class InvalidStoreCategory(ClientError):
    """The event category of the event data store is not valid for this operation."""

    code = "InvalidEventDataStoreCategoryException"


class StoreProtected(ClientError):
    """The event data store cannot be deleted because termination protection is enabled for it."""

    code = "EventDataStoreTerminationProtectedException"


class StoreFederated(ClientError):
    """You cannot delete the event data store because Lake query federation is enabled."""

    code = "EventDataStoreFederationEnabledException"


class StoreHasImport(ClientError):
    """An import into the event data store is under way. Stop it, or wait for its end."""

    code = "EventDataStoreHasOngoingImportException"


class StoreHasChannel(ClientError):
    """The event data store cannot be deleted because a channel has it as its destination."""

    code = "ChannelExistsForEDSException"


class InvalidParameter(ClientError):
    """A parameter is not valid."""

    code = "InvalidParameterException"


class NotPermitted(ClientError):
    """The operation is not permitted."""

    code = "OperationNotPermittedException"


class StoreKeyUnusable(ClientError):
    """The KMS key of the event data store cannot be used by CloudTrail."""

    code = "InsufficientEncryptionPolicyException"


class LakeUnavailable(Unavailable):
    """The event data store cannot be read at the moment. Try again."""
