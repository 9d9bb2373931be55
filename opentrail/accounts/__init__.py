"""Who calls: principals, access keys, identities."""
