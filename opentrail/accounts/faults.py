"""What can go wrong with keys and secrets."""

from opentrail.errors import OpenTrailError


class MasterKeyUnreadable(OpenTrailError):
    """The master key cannot be read: restore secrets/master.key from a copy of the data folder."""


class SecretsSealedOtherwise(OpenTrailError):
    """The secrets in the catalog were sealed with another master key: restore secrets/master.key as it was."""
