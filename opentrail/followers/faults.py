"""What can go wrong with a follower, besides what its own handling raises."""

from opentrail.errors import OpenTrailError


class FollowerAheadOfJournal(OpenTrailError):
    """A follower claims to have handled more than the journal ever held: it belongs to another journal."""


class FollowerSetBack(OpenTrailError):
    """A follower has handled less than it once had, and the journal no longer holds what is between."""
