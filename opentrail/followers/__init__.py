"""The loop that drives a follower of the journal; positions, lag, one owner each."""

from opentrail.followers.faults import FollowerAheadOfJournal
from opentrail.followers.follower import FlushingFollower, Follower
from opentrail.followers.runner import Runner

__all__ = ["FlushingFollower", "Follower", "FollowerAheadOfJournal", "Runner"]
