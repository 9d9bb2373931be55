"""Queries over event data stores: starting, cancelling and listing them, their state, their results."""

from collections.abc import Mapping
from typing import Any, Final

from opentrail import limits
from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidMaxResults, InvalidNextToken, UnsupportedOperation
from opentrail.api.page_token import PageTokens, question
from opentrail.catalog.queries import STATUSES, Query, QueryCatalog
from opentrail.clock import MICROSECONDS, Clock
from opentrail.history.lookup import Place
from opentrail.lake.faults import InvalidParameter
from opentrail.lake.queries import service
from opentrail.lake.queries.faults import InvalidDateRange, InvalidQueryStatus
from opentrail.lake.queries.results import ResultsGone
from opentrail.lake.queries.service import QueryService
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.stores import StoreRegistry

_WITH_RESULTS: Final = ("FINISHED", "TIMED_OUT")
_KEPT_US: Final = limits.QUERY_KEPT_SECONDS * MICROSECONDS


class QueriesRoom:
    """`token_key` signs page tokens."""

    def __init__(
        self,
        queries: QueryService,
        catalog: QueryCatalog,
        stores: StoreRegistry,
        clock: Clock,
        token_key: bytes,
    ) -> None:
        self._queries = queries
        self._catalog = catalog
        self._stores = stores
        self._clock = clock
        self._tokens = PageTokens(token_key)

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers."""
        paging = {"NextToken": InvalidNextToken}
        return {
            "StartQuery": Room(self.start_query, {"QueryStatement": InvalidQueryStatement}),
            "DescribeQuery": Room(self.describe_query),
            "GetQueryResults": Room(self.get_query_results, {"MaxQueryResults": InvalidMaxResults, **paging}),
            "CancelQuery": Room(self.cancel_query),
            "ListQueries": Room(
                self.list_queries, {"MaxResults": InvalidMaxResults, "QueryStatus": InvalidQueryStatus, **paging}
            ),
        }

    def start_query(self, asked: Asked) -> dict[str, Any]:
        """A new query, checked and under way."""
        parameters = asked.parameters
        _refuse_alias(parameters)
        statement = parameters.get("QueryStatement")
        if statement is None or parameters.get("QueryParameters"):
            raise InvalidParameter("QueryStatement is required; QueryParameters are for a QueryAlias.")
        owner = parameters.get("EventDataStoreOwnerAccountId")
        uri = parameters.get("DeliveryS3Uri")
        wanted = service.Asked(asked.owner, asked.region, statement, owner, uri)
        return {"QueryId": self._queries.start(wanted).id, "EventDataStoreOwnerAccountId": owner}

    def describe_query(self, asked: Asked) -> dict[str, Any]:
        """What was asked, how far it is, and what it looked at."""
        _refuse_alias(asked.parameters)
        query = self._found(asked)
        return {
            "QueryId": query.id,
            "QueryString": query.statement,
            "QueryStatus": query.status,
            "QueryStatistics": {
                "EventsMatched": query.events_matched,
                "EventsScanned": query.events_scanned,
                "BytesScanned": query.bytes_scanned,
                "ExecutionTimeInMillis": query.execution_ms,
                "CreationTime": query.created_at,
            },
            "ErrorMessage": query.error,
            "DeliveryS3Uri": query.delivery_uri,
            "DeliveryStatus": query.delivery_status,
            "EventDataStoreOwnerAccountId": asked.parameters.get("EventDataStoreOwnerAccountId"),
        }

    def get_query_results(self, asked: Asked) -> dict[str, Any]:
        """One page of rows, each a list of single-entry maps in the order of the select list."""
        query = self._found(asked)
        self._queries.require_keys(query)
        bound_to = question(asked.account, asked.region, asked.operation.name, asked.parameters)
        token = asked.parameters.get("NextToken")
        first = 0 if token is None else self._tokens.read(token, bound_to).position
        rows: list[list[dict[str, str | None]]] = []
        more = None
        if query.status in _WITH_RESULTS and query.rows:
            try:
                page = self._queries.results.page(
                    query.id, first, asked.parameters.get("MaxQueryResults", limits.QUERY_PAGE_ROWS)
                )
            except ResultsGone as gone:
                raise InvalidParameter("The results of the query are not kept any more. Start it again.") from gone
            rows = [[{name: value} for name, value in zip(page.names, row, strict=True)] for row in page.rows]
            more = self._tokens.issue(Place(0, page.ends), bound_to) if page.ends < query.rows else None
        return {
            "QueryStatus": query.status,
            "QueryStatistics": {
                "ResultsCount": len(rows),
                "TotalResultsCount": query.rows,
                "BytesScanned": query.bytes_scanned,
            },
            "QueryResultRows": rows,
            "NextToken": more,
            "ErrorMessage": query.error,
        }

    def cancel_query(self, asked: Asked) -> dict[str, Any]:
        """The query is cancelled, and its process killed, on return."""
        query = self._found(asked)
        self._queries.cancel(query)
        owner = asked.parameters.get("EventDataStoreOwnerAccountId")
        return {"QueryId": query.id, "QueryStatus": "CANCELLED", "EventDataStoreOwnerAccountId": owner}

    def list_queries(self, asked: Asked) -> dict[str, Any]:
        """The queries of the last seven days that name a store, newest first."""
        parameters = asked.parameters
        store = self._stores.find_active(parameters["EventDataStore"], asked.owner, asked.region).store
        now_us = self._clock.now_us()
        start_us = max(parameters.get("StartTime", 0), now_us - _KEPT_US)
        end_us = parameters.get("EndTime", now_us)
        if "StartTime" in parameters and "EndTime" in parameters and parameters["StartTime"] > end_us:
            raise InvalidDateRange
        status = parameters.get("QueryStatus")
        if status is not None and status not in STATUSES:
            raise InvalidQueryStatus
        bound_to = question(asked.account, asked.region, asked.operation.name, parameters)
        token = parameters.get("NextToken")
        after = None if token is None else self._tokens.read(token, bound_to)
        count = parameters.get("MaxResults", limits.QUERY_PAGE_ROWS)
        found = self._catalog.of_store(
            store.id,
            asked.owner,
            from_us=start_us,
            to_us=end_us,
            status=status,
            limit=count + 1,
            after=None if after is None else (after.time_us, after.position),
        )
        listed, last = found[:count], found[count - 1 : count]
        more = Place(last[0].created_at, last[0].number) if len(found) > count else None
        return {
            "Queries": [
                {"QueryId": one.id, "QueryStatus": one.status, "CreationTime": one.created_at} for one in listed
            ],
            "NextToken": None if more is None else self._tokens.issue(more, bound_to),
        }

    def _found(self, asked: Asked) -> Query:
        """The query that is asked about, whose stores can all be queried."""
        parameters = asked.parameters
        query_id = parameters.get("QueryId")
        if query_id is None:
            raise InvalidParameter("QueryId is required.")
        owner = parameters.get("EventDataStoreOwnerAccountId")
        named = parameters.get("EventDataStore")
        if named is not None:
            self._stores.find_active(named, asked.owner, asked.region, owner=owner)
        query = self._queries.find(query_id, asked.owner, asked.region)
        for store in query.stores:
            self._stores.find_active(store, asked.owner, asked.region, owner=owner)
        return query


def _refuse_alias(parameters: Mapping[str, Any]) -> None:
    if parameters.get("QueryAlias") is not None or parameters.get("RefreshId") is not None:
        raise UnsupportedOperation("Queries of dashboards and generated queries are not supported.")
