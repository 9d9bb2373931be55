"""What can go wrong with the journal."""

from typing import ClassVar

from opentrail.errors import OpenTrailError, Unavailable


class JournalUnwritable(Unavailable):
    """The journal cannot write; nothing of this is durable. It recovers by itself once the disk takes writes again."""


class JournalUnreadable(Unavailable):
    """The journal cannot be read at the moment: the operating system refuses its file."""


class JournalClosed(JournalUnwritable):
    """The journal was closed before this submission could be written."""


class JournalMissing(OpenTrailError):
    """There is no journal in this folder."""

    code: ClassVar[str] = "ResourceNotFoundException"
    status: ClassVar[int] = 404


class JournalCorrupt(OpenTrailError):
    """The journal does not hold what was written into it."""


class JournalSealed(OpenTrailError):
    """The journal is sealed, and its key is not here: its folder has lost its key ring, or was copied without it."""


class IntentsEnded(OpenTrailError):
    """Not all of these intents are there any longer: nothing was appended in their place."""


class EntriesRefused(OpenTrailError):
    """These entries can never be written, however often they are submitted."""

    code: ClassVar[str] = "ValidationException"
    status: ClassVar[int] = 400
