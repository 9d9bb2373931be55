"""The public keys of a data folder of ours, from its catalog; apart, since the catalog takes long to load."""

from sqlalchemy import Engine

from opentrail.catalog.signing_keys import read_keys
from opentrail.logfile.public_keys import PublicKey
from opentrail.trails.validation.public_keys import Keys


class CatalogKeys:
    """The keys of a data folder of ours."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keys(self, region: str, from_us: int, to_us: int) -> Keys:
        """The Region's keys valid in that time."""
        return {
            row.fingerprint: PublicKey(row.public_key, row.fingerprint, row.valid_from, row.valid_to)
            for row in read_keys(self._engine, region)
            if row.valid_to >= from_us and row.valid_from <= to_us
        }
