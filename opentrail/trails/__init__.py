"""Trails: from selected events to signed files in a bucket, messages, log groups; and validation of such files."""
