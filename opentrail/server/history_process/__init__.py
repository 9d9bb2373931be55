"""The process that answers questions to the history, and the way to it: beside the doors, and never in their way."""
