"""Puts together what runs the queries over event data stores, and the room that answers for them."""

import os
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sqlalchemy import Engine

from opentrail import limits
from opentrail.accounts.folder_keys import FolderKeys
from opentrail.accounts.organizations import Organizations
from opentrail.accounts.sealing import derived_key
from opentrail.api.call import Room
from opentrail.api.rooms.queries import QueriesRoom
from opentrail.api.rooms.sample_queries import SampleQueriesRoom
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.queries import Query, QueryCatalog
from opentrail.clock import Clock
from opentrail.lake.queries.delivery import ResultDelivery
from opentrail.lake.queries.processes import QueryProcesses
from opentrail.lake.queries.results import Results
from opentrail.lake.queries.service import Lake, QueryService, QuerySettings
from opentrail.lake.stores import StoreRegistry, store_arn
from opentrail.server.data_folder import DataFolder
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.server.outgoing.result_buckets import OwnResultBuckets
from opentrail.server.settings import Lake as LakeSettings
from opentrail.server.settings import Settings
from opentrail.trails.clients import Clients
from opentrail.trails.signing_keys import SigningKeys

TOKEN_PURPOSE = "query-page-tokens"
MOST_AT_ONCE = 8  # queries that run at once where the settings leave it to the number of processors


class Querying:
    """Runs queries and delivers their results from `start` to `close`.

    `require_key` raises StoreKeyUnusable for a store whose KMS key cannot be used.
    """

    def __init__(
        self,
        folder: DataFolder,
        settings: Settings,
        engine: Engine,
        keys: FolderKeys,
        calls: OwnCalls,
        organizations: Organizations,
        clock: Clock,
        require_key: Callable[[EventDataStore], None],
    ) -> None:
        told = settings.delivery
        clients = Clients(calls.access, as_service=calls.as_service)
        buckets = OwnResultBuckets(clients, calls.folders, told.server_side_encryption)
        self._signing = SigningKeys(engine, keys.root, clock, told.key_rotation_days)
        catalog, results = QueryCatalog(engine), Results(folder.results)
        self._delivery = ResultDelivery(catalog, results, buckets, self._sign, clock, _source_arn)
        stores = StoreRegistry(EventDataStores(engine), organizations.now)
        lake = Lake(
            folder.tables,
            folder.journal,
            folder.catalog,
            settings.regions.enabled,
            keys.sealer.keys if keys.sealer is not None else {},
        )
        self._processes = QueryProcesses()
        self._queries = QueryService(
            catalog,
            stores,
            results,
            lake,
            self._processes,
            clock,
            query_settings(settings.lake),
            buckets,
            self._delivery.tell,
            require_key,
        )
        token_key = derived_key(keys.root, TOKEN_PURPOSE)
        self.rooms: Mapping[str, Room] = {
            **QueriesRoom(self._queries, catalog, stores, clock, token_key).rooms,
            **SampleQueriesRoom(token_key).rooms,
        }

    def start(self) -> None:
        """Begin to deliver results; the AWS port is there."""
        self._delivery.start()

    def close(self) -> None:
        """End what runs: it has failed; what is not delivered yet is delivered after the next start."""
        self._queries.close()
        self._processes.close()
        self._delivery.close()

    def _sign(self, region: str, text: bytes) -> tuple[str, str]:
        key = self._signing.current(region)
        return key.private.sign(text, padding.PKCS1v15(), hashes.SHA256()).hex(), key.fingerprint


def query_settings(lake: LakeSettings) -> QuerySettings:
    """The queries' own settings value."""
    processors = min(os.cpu_count() or 1, MOST_AT_ONCE)
    return QuerySettings(
        parallel=lake.queries_at_once or processors,
        memory_bytes=int(lake.query_memory_gib * limits.GIB),
        seconds=lake.query_seconds,
    )


def _source_arn(query: Query) -> str:
    return store_arn(query.stores[0], query.account, query.region)
