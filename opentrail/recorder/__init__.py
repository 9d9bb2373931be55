"""The recording gateway: proxy, recognition of calls, building of records, identities learned from traffic."""
