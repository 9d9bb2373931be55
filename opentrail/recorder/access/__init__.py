"""Whether a call may go on: guards of an upstream, policies that users attached there, limits of how often."""
