"""The CloudTrail API: steps of a call, one room per group of operations."""

from opentrail.api.door import CloudTrailApi

__all__ = ["CloudTrailApi"]
