"""The embedded cloud of `opentrail up`."""
