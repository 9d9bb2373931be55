"""The way back to the client: the upstream's answer, our own answers, and refusals in each protocol's shape."""
