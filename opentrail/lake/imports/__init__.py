"""Imports of log files into event data stores: S3 buckets of AWS's layout in, batches of the journal out.

source     what a request names: bucket, prefix, role, range of time; which prefixes and files are meant
starting   StartImport, StopImport and the operations that read: checks in order, rows in the catalog
reading    one file: gzip alone, its records with their numbers, and what fails for one file or for all
running    a run: prefixes found, files in order into the journal, the ledger beside it; goes on where another ended
"""
