"""The published files as AWS lays them down: names, log files, digest files, signatures, public keys.

Writers and readers share this package. Formats stand at the tops of its modules: `keys` (names of objects), `content`
(log files), `digest` (digest files and their object metadata), `signature`, `public_keys`. Their source is AWS's user
guide and what the AWS CLI, versions 1 and 2, accepts.
"""
