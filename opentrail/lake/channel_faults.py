"""What cannot be done with channels and their events, by AWS's names; the docstring is the default message.

Those of PutAuditEvents have no `Exception` at their end: `cloudtrail-data` is a service of its own.
"""

from opentrail.errors import ClientError, Unavailable


class ChannelArnInvalid(ClientError):
    """The specified value of ChannelARN is not valid."""

    code = "ChannelARNInvalidException"


class ChannelNotFound(ClientError):
    """CloudTrail did not find the specified channel."""

    code = "ChannelNotFoundException"


class TooManyChannels(ClientError):
    """Your account has used the maximum number of channels in this Region."""

    code = "ChannelMaxLimitExceededException"


class InvalidSource(ClientError):
    """The source is not valid: Custom, or the name of the product whose events come by the channel."""

    code = "InvalidSourceException"


class InvalidAuditChannel(ClientError):
    """The specified channel ARN is not a valid channel ARN."""

    code = "InvalidChannelARN"


class NoSuchAuditChannel(ClientError):
    """The channel could not be found."""

    code = "ChannelNotFound"


class MayNotPut(ClientError):
    """The caller's account ID must be the same as the channel owner's account ID."""

    code = "ChannelInsufficientPermission"


class DuplicatedEventId(ClientError):
    """Two or more entries in the request have the same event ID."""

    code = "DuplicatedAuditEventId"


class AuditEventsNotKept(Unavailable):
    """The journal cannot be written, so that no event of this call is known to be kept. Try again."""
