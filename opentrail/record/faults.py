"""What can be wrong with a record or with a file that should hold records."""

from typing import Literal

from opentrail.errors import ClientError

NotALogFileKind = Literal["empty", "not-json", "digest", "other"]


class BadRecord(ClientError):
    """The record cannot be read."""

    code = "InvalidEventDataException"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadEventTime(BadRecord):
    """The event time is no time."""


class NotALogFile(ClientError):
    """The document holds no CloudTrail records.

    `kind`: "empty", "not-json" (neither JSON nor JSON lines), "digest" (a digest file, which is evidence about log
    files and holds no records), "other" (JSON, yet nothing like records).
    """

    code = "InvalidParameterException"

    def __init__(self, reason: str, kind: NotALogFileKind) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: NotALogFileKind = kind
