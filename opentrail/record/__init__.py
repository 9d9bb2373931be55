"""The CloudTrail record: typed views over raw bytes, identity, category, redaction, order of fields."""
