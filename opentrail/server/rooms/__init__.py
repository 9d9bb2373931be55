"""The rooms of the API, put together from catalog, checks and registries: trails, stores, ingestion, queries."""
