"""The loop that drives a follower of the journal; positions, lag, one owner each."""
