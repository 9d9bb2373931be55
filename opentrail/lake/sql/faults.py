"""What can be wrong with a query."""

from typing import Final

from opentrail.errors import ClientError

NESTED_TOO_DEEPLY: Final = "The query is nested too deeply"


class InvalidQueryStatement(ClientError):
    """The statement cannot be run: its grammar, a name, a type, or a function that does not exist."""

    code = "InvalidQueryStatementException"
