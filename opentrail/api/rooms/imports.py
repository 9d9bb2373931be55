"""Imports of log files into event data stores: starting, stopping, reading and listing them and what failed."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidNextToken
from opentrail.api.page_token import PageTokens, question
from opentrail.catalog.lake_imports import Failure, LakeImport
from opentrail.errors import ClientError
from opentrail.history.lookup import Place
from opentrail.lake.faults import InvalidParameter, StoreArnInvalid
from opentrail.lake.imports.source import Source
from opentrail.lake.imports.starting import Imports

_PAGE = 100
_NEWEST = 2**62


class ImportsRoom:
    """Answers the operations on imports. `token_key` signs page tokens."""

    def __init__(self, imports: Imports, token_key: bytes) -> None:
        self._imports = imports
        self._tokens = PageTokens(token_key)

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the faults of their own."""
        named: dict[str, type[ClientError]] = {"ImportId": InvalidParameter}
        paged: dict[str, type[ClientError]] = {"NextToken": InvalidNextToken}
        return {
            "StartImport": Room(self.start_import, named | {"Destinations": InvalidParameter}),
            "StopImport": Room(self.stop_import, named),
            "GetImport": Room(self.get_import, named),
            "ListImports": Room(self.list_imports, paged | {"Destination": StoreArnInvalid}),
            "ListImportFailures": Room(self.list_import_failures, paged | named),
        }

    def start_import(self, asked: Asked) -> dict[str, Any]:
        """A new import, or another try of one; somebody works on it within a second."""
        return _described(self._imports.start(asked.parameters, asked.account, asked.region))

    def stop_import(self, asked: Asked) -> dict[str, Any]:
        """The import ends; what it brought stays."""
        return self._with_statistics(self._imports.stop(asked.parameters["ImportId"], asked.account, asked.region))

    def get_import(self, asked: Asked) -> dict[str, Any]:
        """The import and what has become of it so far."""
        return self._with_statistics(self._imports.find(asked.parameters["ImportId"], asked.account, asked.region))

    def list_imports(self, asked: Asked) -> dict[str, Any]:
        """The account's imports, newest first, a page of them."""
        parameters = asked.parameters
        before, bound_to = self._place(asked, _NEWEST)
        most = parameters.get("MaxResults", _PAGE)
        store, status = parameters.get("Destination"), parameters.get("ImportStatus")
        found = self._imports.listed(store, status, asked.account, asked.region, before, most + 1)
        page = found[:most]
        return {
            "Imports": [
                {
                    "ImportId": one.id,
                    "ImportStatus": one.status,
                    "Destinations": [one.request.store_arn],
                    "CreatedTimestamp": one.request.created_at_us,
                    "UpdatedTimestamp": one.updated_at_us,
                }
                for one in page
            ],
            "NextToken": self._token(page[-1].number, bound_to) if len(found) > most else None,
        }

    def list_import_failures(self, asked: Asked) -> dict[str, Any]:
        """What failed of an import, a page of it."""
        import_id = asked.parameters["ImportId"]
        after, bound_to = self._place(asked, 0)
        most = asked.parameters.get("MaxResults", _PAGE)
        one = self._imports.find(import_id, asked.account, asked.region)
        found = self._imports.failures(import_id, asked.account, asked.region, after, most + 1)
        page = found[:most]
        return {
            "Failures": [_failure(one, failure) for failure in page],
            "NextToken": self._token(page[-1].number, bound_to) if len(found) > most else None,
        }

    def _with_statistics(self, found: LakeImport) -> dict[str, Any]:
        told = self._imports.statistics(found)
        return _described(found) | {
            "ImportStatistics": {
                "PrefixesFound": told.prefixes_found,
                "PrefixesCompleted": told.prefixes_completed,
                "FilesCompleted": told.files,
                "EventsCompleted": told.events,
                "FailedEntries": told.failed,
            }
        }

    def _place(self, asked: Asked, first: int) -> tuple[int, bytes]:
        """The number after which a page begins, and what its token is bound to. Raises InvalidNextToken."""
        bound_to = question(asked.account, asked.region, asked.operation.name, asked.parameters)
        token = asked.parameters.get("NextToken")
        return (first if token is None else self._tokens.read(token, bound_to).position), bound_to

    def _token(self, number: int, bound_to: bytes) -> str:
        return self._tokens.issue(Place(0, number), bound_to)


def _described(found: LakeImport) -> dict[str, Any]:
    request = found.request
    return {
        "ImportId": found.id,
        "Destinations": [request.store_arn],
        "ImportSource": {
            "S3": {
                "S3LocationUri": request.uri,
                "S3BucketRegion": request.bucket_region,
                "S3BucketAccessRoleArn": request.role_arn,
            }
        },
        "StartEventTime": request.start_us,
        "EndEventTime": request.end_us,
        "ImportStatus": found.status,
        "CreatedTimestamp": request.created_at_us,
        "UpdatedTimestamp": found.updated_at_us,
    }


def _failure(found: LakeImport, failure: Failure) -> dict[str, Any]:
    return {
        "Location": Source.bucket_of(found.request.uri) + failure.key.removeprefix("/"),
        "Status": failure.status,
        "ErrorType": failure.error_type,
        "ErrorMessage": failure.message,
        "LastUpdatedTime": failure.updated_at_us,
    }
