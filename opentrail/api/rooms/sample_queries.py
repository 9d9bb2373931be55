"""SearchSampleQueries: sample queries that fit a phrase, best first."""

from collections.abc import Mapping
from typing import Any, Final

from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidNextToken
from opentrail.api.page_token import PageTokens, question
from opentrail.history.lookup import Place
from opentrail.lake.faults import InvalidParameter
from opentrail.lake.samples.search import search

_PAGE: Final = 10  # where nothing is asked. Source: the API Reference of SearchSampleQueries


class SampleQueriesRoom:
    """`token_key` signs page tokens."""

    def __init__(self, token_key: bytes) -> None:
        self._tokens = PageTokens(token_key)

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operation that this room answers."""
        faults = {"SearchPhrase": InvalidParameter, "MaxResults": InvalidParameter, "NextToken": InvalidNextToken}
        return {"SearchSampleQueries": Room(self.search_sample_queries, faults)}

    def search_sample_queries(self, asked: Asked) -> dict[str, Any]:
        """A page of samples."""
        parameters = asked.parameters
        bound_to = question(asked.account, asked.region, asked.operation.name, parameters)
        token = parameters.get("NextToken")
        first = 0 if token is None else self._tokens.read(token, bound_to).position
        ends = first + parameters.get("MaxResults", _PAGE)
        found = search(parameters["SearchPhrase"])
        return {
            "SearchResults": [
                {
                    "Name": one.sample.name,
                    "Description": one.sample.description,
                    "SQL": one.sample.sql,
                    "Relevance": one.relevance,
                }
                for one in found[first:ends]
            ],
            "NextToken": self._tokens.issue(Place(0, ends), bound_to) if ends < len(found) else None,
        }
