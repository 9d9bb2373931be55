"""The catalog's schema, version after version, by Alembic."""
