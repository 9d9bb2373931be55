"""SQL that makes the columns of a store out of events' JSON; the JSON itself stays as it is, in `eventjson`.

Texts of maps keep nested values as JSON text, as Lake does: `{"a": {"b": 1}}` gives a -> `{"b":1}`. Events of Insights
come as CloudTrail records them (`insightDetails`) or flat, as stores show them; both fill the same columns.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from opentrail.lake.sql import types
from opentrail.lake.sql.schemas import ATHENA, CLOUDTRAIL, CONFIGURATION, INSIGHTS, Columns
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
        "issuerType", "credentialsIssuedTo", "tlsVersion", "cipherSuite", "clientProvidedHostHeader", "ARNPrefix",
        # Insights
        "insightSource", "insightState", "insightEventSource", "insightEventName", "insightErrorCode", "insightType",
        "insightContext", "baselineAverage", "insightAverage", "baselineDuration", "insightDuration", "insightValue",
        "baselineValue",
        # items of AWS Config
        "eventData", "configurationItemVersion", "configurationItemCaptureTime", "configurationItemStatus",
        "resourceType", "resourceId", "resourceName", "availabilityZone", "resourceCreationTime",
        "supplementaryConfiguration", "relatedEvents",
        # evidence of Audit Manager
        "awsAccountId", "awsOrganization", "complianceCheck", "dataSource", "evidenceAwsAccountId", "evidenceByType",
        "iamId", "evidenceId", "assessmentId", "controlSetId", "controlId", "controlName", "controlDomainName",
        "frameworkName", "frameworkId", "serviceCategory", "resourceArn", "evidenceFolderId",
        "manualEvidenceS3ResourcePath", "evidenceFolderName", "resourceComplianceCheck",
        # events of one's own applications
        "updatedFields", "originalUID", "originalEventID", "ingestionTime", "channelARN", "UID",
    )
}  # fmt: skip
EVENT: Final = "event"  # the struct that an event's JSON is read into
_DAY: Final = "strftime(eventtime, '%Y/%m/%d')"
_PARTITIONS: Final[Mapping[str, str]] = {
    "account": "recipientaccountid", "account_partition": "recipientaccountid",
    "region": "awsregion", "region_partition": "awsregion",
    "timestamp": _DAY, "date_partition": _DAY,
    "year": "strftime(eventtime, '%Y')", "month": "strftime(eventtime, '%m')", "day": "strftime(eventtime, '%d')",
}  # fmt: skip
_RESOURCES: Final = "resources"  # their ARNs are `ARN`, all others `arn`
_OF_THE_JSON: Final = frozenset(("eventjson", "eventjsonchecksum"))
# What an event of Insights has in `insightDetails`, by the column of a store.
_INSIGHT_DETAILS: Final = {
    "insightstate": "state", "insighteventsource": "eventSource", "insighteventname": "eventName",
    "insighterrorcode": "errorCode", "insighttype": "insightType",
}  # fmt: skip
_HALF_PAIR: Final = r"([^\\](?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{{2}}"  # escaped, behind whatever is before it
_WITHOUT_HALF: Final = f"regexp_replace({{}}, '{_HALF_PAIR}', '\\1\N{REPLACEMENT CHARACTER}', 'g')"
_HALVES: Final = ("\\ud", "\\uD")
_VALUES: Final = [{"value": "VARCHAR", "average": "VARCHAR"}]
_INSIGHT_STRUCTURE: Final = {
    **dict.fromkeys(_INSIGHT_DETAILS.values(), "VARCHAR"),
    "insightContext": {
        "statistics": {
            "baseline": {"average": "VARCHAR"},
            "insight": {"average": "VARCHAR"},
            "baselineDuration": "VARCHAR",
            "insightDuration": "VARCHAR",
        },
        "attributions": [{"attribute": "VARCHAR", "insight": _VALUES, "baseline": _VALUES}],
    },
}


def columns_of_events(
    json_column: str,
    columns: Columns = CLOUDTRAIL,
    given: Mapping[str, str] = MappingProxyType({}),
    struct: str = EVENT,
) -> str:
    """The select list that makes a store of `columns` out of what `parsed_events` gives as `struct`.

    `given`: SQL of columns that are not taken out of the JSON.
    """
    parts = []
    for name, kind in columns.items():
        if name in given:
            parts.append(f"{given[name]} AS {quoted(name)}")
        elif name == "eventjson":
            parts.append(f"{json_column} AS eventjson")
        elif name == "eventjsonchecksum":
            parts.append(f"to_base64(unhex(sha256({json_column}))) AS eventjsonchecksum")
        elif columns is INSIGHTS and (name in _INSIGHT_DETAILS or name == "insightcontext"):
            parts.append(f"{_of_insight(name, kind)} AS {quoted(name)}")
        else:
            own = _typed(_member(name, columns, struct), kind)
            if name == _RESOURCES:
                own = _resources(json_column, struct, own, kind)
            parts.append(f"{own} AS {quoted(name)}")
    return ", ".join(parts)


def _resources(json_column: str, struct: str, own: str, kind: Type) -> str:
    """The resources; of records that have `arn` where CloudTrail writes `ARN` (normalized ones do), read once more."""
    first = f'{struct}."{_RESOURCES}"[1]'
    structure = text_literal(json.dumps(_structure(kind, within="")))
    read = f"TRY(from_json(json_extract({json_column}, '$.{_RESOURCES}'), {structure}))"
    other = f'{first} IS NOT NULL AND {first}."ARN" IS NULL'
    return f"CASE WHEN {other} THEN coalesce({_typed(read, kind)}, {own}) ELSE {own} END"


def parsed_events(
    json_column: str, columns: Columns = CLOUDTRAIL, struct: str = EVENT, *, all_readable: bool = False
) -> str:
    """SQL that reads a column of JSON once, into the `struct` that `columns_of_events` takes apart.

    `all_readable`: a record that the engine does not take fails the statement, which then costs a fifth less.
    """
    members = {
        _record_name(name): _structure(kind, within=name) for name, kind in columns.items() if name not in _OF_THE_JSON
    }
    if columns is CONFIGURATION:
        members["eventData"]["configurationStateId"] = members["eventData"].pop("configurationitemstateid")
    if columns is INSIGHTS:
        members["insightDetails"] = _INSIGHT_STRUCTURE
    structure = text_literal(json.dumps(members))
    if all_readable:
        return f"from_json({json_column}, {structure}) AS {struct}"
    # A record may hold halves of surrogate pairs, which no engine takes: its columns have U+FFFD for them. What cannot
    # be read even so leaves its own columns empty, and no others.
    readable = _WITHOUT_HALF.format(_WITHOUT_HALF.format(json_column))  # of two in a row, the second time the second
    some = " OR ".join(f"contains({json_column}, {text_literal(half)})" for half in _HALVES)
    readable = f"CASE WHEN {some} THEN {readable} END"  # the engine may work it out for every row: it must cost nothing
    return f"coalesce(TRY(from_json({json_column}, {structure})), TRY(from_json({readable}, {structure}))) AS {struct}"


def _member(name: str, columns: Columns, struct: str) -> str:
    own = f'{struct}."{_record_name(name)}"'
    if columns is CONFIGURATION and name == "eventdata":  # the one member whose column has another name
        return f'struct_insert({own}, configurationitemstateid := {own}."configurationStateId")'
    return own


def _of_insight(name: str, kind: Type) -> str:
    """A column of an Insights store, from either form; of the values of an attribution the first, which is highest."""
    flat = _typed(f'event."{_record_name(name)}"', kind)
    if name in _INSIGHT_DETAILS:
        return f'coalesce({flat}, event."insightDetails"."{_INSIGHT_DETAILS[name]}")'
    context = 'event."insightDetails"."insightContext"'
    statistics = f"{context}.statistics"
    attribution = (
        "{attribute: a_.attribute, insightvalue: a_.insight[1].value, insightaverage: a_.insight[1].average,"
        " baselinevalue: a_.baseline[1].value, baselineaverage: a_.baseline[1].average,"
        " insight: a_.insight[1], baseline: a_.baseline[1]}"
    )
    nested = (
        f"{{baselineaverage: {statistics}.baseline.average, insightaverage: {statistics}.insight.average,"
        f" baselineduration: {statistics}.baselineDuration, insightduration: {statistics}.insightDuration,"
        f" attributions: list_transform({context}.attributions, lambda a_: {attribution})}}"
    )
    return f"CASE WHEN {context} IS NULL THEN {flat} ELSE {_typed(nested, kind)} END"


def columns_of_athena() -> str:
    """The select list of Athena's published table over log files, out of the columns of a store."""
    parts = []
    for name, kind in ATHENA.items():
        own = f"json_extract(CAST(eventjson AS JSON), '$.{_record_name(name)}')"
        if name in _PARTITIONS:
            sql = _PARTITIONS[name]
        elif CLOUDTRAIL[name] == kind:
            sql = quoted(name)
        elif name == _RESOURCES:
            members = ", ".join(f"{quoted(member)}: r_.{quoted(member)}" for member in kind.inner[0].names)
            sql = f"list_transform({_RESOURCES}, lambda r_: {{{members}}})"
        elif kind == types.VARCHAR:
            sql = f"CASE WHEN json_type({own}) <> 'NULL' THEN json_extract_string({own}, '$') END"
        else:
            structure = text_literal(json.dumps(_structure(kind, within=name)))
            sql = f"TRY_CAST(from_json({own}, {structure}) AS {engine_type(kind)})"
        parts.append(f"{sql} AS {quoted(name)}")
    return ", ".join(parts)


def _typed(sql: str, kind: Type) -> str:
    """The value with its type; by way of wider rows, since the engine leaves rows whose names differ by case alone."""
    wider = _wider(kind)
    inner = sql if wider == kind else f"TRY_CAST({sql} AS {engine_type(wider)})"
    return f"TRY_CAST({inner} AS {engine_type(kind)})"


def _wider(kind: Type) -> Type:
    inner = tuple(_wider(one) for one in kind.inner)
    if kind.kind == "row":
        return Type("row", (*inner, types.BOOLEAN), (*kind.names, "_"))
    return Type(kind.kind, inner, kind.names, kind.precision)


def _record_name(name: str, within: str = "") -> str:
    return "ARN" if name == "arn" and within == _RESOURCES else _RECORD_NAMES.get(name, name)


def _structure(kind: Type, *, within: str) -> Any:
    """The engine's description of what is to be read: every leaf a text."""
    if kind.kind == "row":
        return {
            _record_name(name, within): _structure(inner, within=within)
            for name, inner in zip(kind.names, kind.inner, strict=True)
        }
    if kind.kind == "array":
        return [_structure(kind.inner[0], within=within)]
    return "MAP(VARCHAR, VARCHAR)" if kind.kind == "map" else "VARCHAR"
