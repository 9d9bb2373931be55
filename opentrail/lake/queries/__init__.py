"""Queries over event data stores: each in a locked-down process of its own, its results on disk for seven days.

`service` takes and answers calls; `starter` is the warm process that forks one process for each query; `run` is what
such a process does, `confinement` what it may not; `results` is the form of results on disk; `delivery` brings them to
buckets.
"""
