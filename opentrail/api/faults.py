"""What the API answers with when a call cannot be done, by AWS's names; the docstring is the default message.

Every client error is status 400 on the wire, whatever the model says.
"""

from opentrail.errors import ClientError, OpenTrailError, Unavailable


class ApiFault(ClientError):
    """The call cannot be done as it was made."""


class SerializationFault(ApiFault):
    """The body of the call cannot be read."""

    code = "SerializationException"


class ValidationFault(ApiFault):
    """A parameter breaks a rule of the service's model."""

    code = "ValidationException"


class UnknownOperation(ApiFault):
    """"""

    code = "UnknownOperationException"


class UnsupportedOperation(ApiFault):
    """This exception is thrown when the requested operation is not supported."""

    code = "UnsupportedOperationException"


class RequestTooLong(ApiFault):
    """The request is longer than the service accepts."""

    code = "RequestEntityTooLargeException"
    status = 413


class AccessDenied(ApiFault):
    """You do not have sufficient access to perform this action."""

    code = "AccessDeniedException"


class ChannelInsufficientPermission(ApiFault):
    """The caller may not put events into this channel."""

    code = "ChannelInsufficientPermission"


class Throttled(ApiFault):
    """Rate exceeded"""

    code = "ThrottlingException"


class InvalidLookupAttributes(ApiFault):
    """Occurs when a lookup attribute is specified that is not valid."""

    code = "InvalidLookupAttributesException"


class InvalidTimeRange(ApiFault):
    """Occurs if the timestamp values are not valid. Either the start time occurs after the end time, or the time range is outside the range of possible values."""  # noqa: E501

    code = "InvalidTimeRangeException"


class InvalidMaxResults(ApiFault):
    """This exception is thrown if the limit specified is not valid."""

    code = "InvalidMaxResultsException"


class InvalidNextToken(ApiFault):
    """A token that is not valid, or a token that was previously used in a request with different parameters. This exception is thrown if the token is not valid."""  # noqa: E501

    code = "InvalidNextTokenException"


class InvalidToken(ApiFault):
    """The token is none that was issued: all there is was answered at once."""

    code = "InvalidTokenException"


class InvalidEventCategory(ApiFault):
    """Occurs if an event category that is not valid is specified as a value of EventCategory."""

    code = "InvalidEventCategoryException"


class NotRecorded(Unavailable):
    """The audit journal cannot be written, so the call was not carried out or its answer is withheld. Try again."""


class InternalFailure(OpenTrailError):
    """"""
