"""The second process: the followers of the journal, and a process for each import."""
