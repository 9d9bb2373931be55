"""The root of the error tree: every failure that OpenTrail names descends from here."""

from typing import ClassVar


class OpenTrailError(Exception):
    """Something OpenTrail can name went wrong.

    `code` is what an AWS client sees as the error code, `status` the HTTP status that goes with it.
    Subclasses set both; the docstring of a subclass is its default message.
    """

    code: ClassVar[str] = "InternalFailure"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message if message is not None else (type(self).__doc__ or "").split("\n")[0])

    @property
    def message(self) -> str:
        """The text for the caller; holds no secrets and no stack."""
        return str(self.args[0])


class ClientError(OpenTrailError):
    """The caller sent something that cannot be accepted."""

    code = "ValidationException"
    status = 400


class Unavailable(OpenTrailError):
    """The service cannot answer at the moment; trying again later may help."""

    code = "ServiceUnavailable"
    status = 503
