"""CloudTrail Lake: SQL in AWS's dialect over events, wherever they lie."""
