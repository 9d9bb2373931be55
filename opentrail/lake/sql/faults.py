"""What can be wrong with a query."""

from opentrail.errors import ClientError


class InvalidQueryStatement(ClientError):
    """The statement cannot be run: its grammar, a name, a type, or a function that does not exist."""

    code = "InvalidQueryStatementException"
