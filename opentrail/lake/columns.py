"""SQL that makes the columns of a store out of events' JSON; the JSON itself stays as it is, in `eventjson`.

Texts of maps keep nested values as JSON text, as Lake does: `{"a": {"b": 1}}` gives a -> `{"b":1}`.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from opentrail.lake.sql import types
from opentrail.lake.sql.schemas import ATHENA, CLOUDTRAIL
from opentrail.lake.sql.types import Type, engine_type, quoted, text_literal

# Members whose name in a record is not the column's with capitals put in. Record names by lower case.
_RECORD_NAMES: Final[Mapping[str, str]] = {
    name.lower(): name
    for name in (
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
        "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData",
        "requestID", "eventID", "readOnly", "eventType", "apiVersion", "managementEvent", "recipientAccountId",
        "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "serviceEventDetails", "edgeDeviceDetails",
        "insightDetails", "eventCategory", "tlsDetails", "sessionCredentialFromConsole", "principalId", "accountId",
        "accessKeyId", "userName", "sessionContext", "creationDate", "mfaAuthenticated", "sessionIssuer",
        "webIdFederationData", "federatedProvider", "sourceIdentity", "ec2RoleDelivery", "ec2IssuedInVpc", "invokedBy",
        "identityProvider", "onBehalfOf", "userId", "identityStoreArn", "inScopeOf", "sourceArn", "sourceAccount",
        "issuerType", "credentialsIssuedTo", "tlsVersion", "cipherSuite", "clientProvidedHostHeader", "ARN",
        "ARNPrefix",
    )
}  # fmt: skip
_DAY: Final = "strftime(eventtime, '%Y/%m/%d')"
_PARTITIONS: Final[Mapping[str, str]] = {
    "account": "recipientaccountid", "account_partition": "recipientaccountid",
    "region": "awsregion", "region_partition": "awsregion",
    "timestamp": _DAY, "date_partition": _DAY,
    "year": "strftime(eventtime, '%Y')", "month": "strftime(eventtime, '%m')", "day": "strftime(eventtime, '%d')",
}  # fmt: skip
_IDENTITY: Final = "useridentity"  # its ARNs are `arn`, those of resources `ARN`
_OF_THE_JSON: Final = frozenset(("eventjson", "eventjsonchecksum"))


def columns_of_events(json_column: str) -> str:
    """The select list that makes a store of CloudTrail events out of what `parsed_events` gives."""
    parts = []
    for name, kind in CLOUDTRAIL.items():
        if name == "eventjson":
            parts.append(json_column)
        elif name == "eventjsonchecksum":
            parts.append(f"to_base64(unhex(sha256({json_column}))) AS eventjsonchecksum")
        else:
            parts.append(f'TRY_CAST(event."{_record_name(name)}" AS {engine_type(kind)}) AS {quoted(name)}')
    return ", ".join(parts)


def parsed_events(json_column: str) -> str:
    """SQL that reads a column of JSON once, into the struct `event` that `columns_of_events` takes apart."""
    members = {
        _record_name(name): _structure(kind, identity=name == _IDENTITY)
        for name, kind in CLOUDTRAIL.items()
        if name not in _OF_THE_JSON
    }
    return f"from_json({json_column}, {text_literal(json.dumps(members))}) AS event"


def columns_of_athena() -> str:
    """The select list of Athena's published table over log files, out of the columns of a store."""
    parts = []
    for name, kind in ATHENA.items():
        own = f"json_extract(CAST(eventjson AS JSON), '$.{_record_name(name)}')"
        if name in _PARTITIONS:
            sql = _PARTITIONS[name]
        elif CLOUDTRAIL[name] == kind:
            sql = quoted(name)
        elif kind == types.VARCHAR:
            sql = f"CASE WHEN json_type({own}) <> 'NULL' THEN json_extract_string({own}, '$') END"
        else:
            structure = text_literal(json.dumps(_structure(kind, identity=name == _IDENTITY)))
            sql = f"TRY_CAST(from_json({own}, {structure}) AS {engine_type(kind)})"
        parts.append(f"{sql} AS {quoted(name)}")
    return ", ".join(parts)


def _record_name(name: str, *, identity: bool = False) -> str:
    return name if identity and name == "arn" else _RECORD_NAMES.get(name, name)


def _structure(kind: Type, *, identity: bool) -> Any:
    """The engine's description of what is to be read: every leaf a text."""
    if kind.kind == "row":
        return {
            _record_name(name, identity=identity): _structure(inner, identity=identity)
            for name, inner in zip(kind.names, kind.inner, strict=True)
        }
    if kind.kind == "array":
        return [_structure(kind.inner[0], identity=identity)]
    return "MAP(VARCHAR, VARCHAR)" if kind.kind == "map" else "VARCHAR"
