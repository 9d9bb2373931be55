"""The CloudTrail API: steps of a call, one room per group of operations."""
