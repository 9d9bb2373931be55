"""Event selectors: reading and checking them, and the matchers that they are compiled to."""
