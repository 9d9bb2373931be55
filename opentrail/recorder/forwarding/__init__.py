"""The way to the upstream: which one it is, the request that it gets, the body on its way."""
