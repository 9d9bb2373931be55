"""CloudTrail's shapes of parameters and answers, by family of services."""
