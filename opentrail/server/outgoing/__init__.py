"""How CloudTrail itself reaches other services, and the buckets of imports and of results of queries."""
