"""The durable, ordered log of event batches; knows nothing of CloudTrail."""
