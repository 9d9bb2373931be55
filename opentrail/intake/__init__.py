"""The one door into the journal: checks, stamps and encodes a record once."""
