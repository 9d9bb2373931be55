"""What cannot be done with imports into event data stores, by AWS's names; the docstring is the default message."""

from opentrail.errors import ClientError, OpenTrailError, Unavailable


class InvalidImportSource(ClientError):
    """The provided source S3 bucket is not valid for import."""

    code = "InvalidImportSourceException"


class ImportNotFound(ClientError):
    """The specified import was not found."""

    code = "ImportNotFoundException"


class ImportEnded(OpenTrailError):
    """The import was stopped while it was being worked on."""


class ImportSourceUnknown(Unavailable):
    """The bucket or the role could not be asked about. Try again."""
