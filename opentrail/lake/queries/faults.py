"""What cannot be done with queries, by AWS's names; the docstring is the default message."""

from opentrail.errors import ClientError


class QueryNotFound(ClientError):
    """The query ID does not exist or does not map to a query."""

    code = "QueryIdNotFoundException"


class QueryInactive(ClientError):
    """The specified query cannot be canceled because it is in the FINISHED, FAILED, TIMED_OUT, or CANCELLED state."""

    code = "InactiveQueryException"


class TooManyQueries(ClientError):
    """You are already running the maximum number of concurrent queries. Wait a minute for some queries to finish, and then run the query again."""  # noqa: E501

    code = "MaxConcurrentQueriesException"


class InvalidDateRange(ClientError):
    """A date range for the query was specified that is not valid. Be sure that the start time is chronologically before the end time."""  # noqa: E501

    code = "InvalidDateRangeException"


class InvalidQueryStatus(ClientError):
    """The query status is not valid for the operation."""

    code = "InvalidQueryStatusException"


class QueriesThrottled(ClientError):
    """Too many queries are being started at this moment. Try again."""

    code = "ThrottlingException"
