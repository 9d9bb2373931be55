"""`eventContext` of a store that asks for request context: worked out of a record when a query asks, never stored.

It stands beside the evidence. A key is there where the record proves its value, and is missing where it does not.
Source of the keys: AWS's list for ContextKeySelectors; of their values: IAM's global condition keys.
"""

from collections.abc import Collection, Mapping
from typing import Final

from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.lake.sql.schemas import Columns
from opentrail.lake.sql.types import VARCHAR, Type, array, engine_type, map_of, row, text_literal

NAME: Final = "eventcontext"
_TEXTS: Final = map_of(VARCHAR, VARCHAR)
TYPE: Final[Type] = row(
    requestcontext=_TEXTS,
    tagcontext=row(resourcetags=array(row(arn=VARCHAR, tags=_TEXTS)), principaltags=_TEXTS),
)

_WHO: Final = "useridentity"
_SESSION: Final = f"{_WHO}.sessioncontext"
_OF_AN_ACCOUNT: Final = f"{_WHO}.type IN ('Root', 'IAMUser', 'AssumedRole', 'FederatedUser')"
_OF_A_SERVICE: Final = f"{_WHO}.type = 'AWSService'"
_MOMENT: Final = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"
# SQL over the columns of a store, NULL where the record does not prove a value.
_VALUES: Final[Mapping[str, str]] = {
    "aws:CurrentTime": _MOMENT.format("eventtime"),
    "aws:EpochTime": "CAST(epoch_ms(eventtime) // 1000 AS VARCHAR)",
    "aws:FederatedProvider": f"{_SESSION}.webidfederationdata.federatedprovider",
    "aws:MultiFactorAuthPresent": f"{_SESSION}.attributes.mfaauthenticated",
    "aws:PrincipalAccount": f"CASE WHEN {_OF_AN_ACCOUNT} THEN {_WHO}.accountid END",
    "aws:PrincipalArn": (
        f"CASE WHEN {_WHO}.type = 'AssumedRole' THEN {_SESSION}.sessionissuer.arn"
        f" WHEN {_OF_AN_ACCOUNT} THEN {_WHO}.arn END"
    ),
    "aws:PrincipalIsAWSService": f"CASE WHEN {_OF_A_SERVICE} THEN 'true' WHEN {_OF_AN_ACCOUNT} THEN 'false' END",
    "aws:PrincipalServiceName": f"CASE WHEN {_OF_A_SERVICE} THEN {_WHO}.invokedby END",
    "aws:PrincipalType": (
        f"CASE {_WHO}.type WHEN 'Root' THEN 'Account' WHEN 'IAMUser' THEN 'User'"
        " WHEN 'AssumedRole' THEN 'AssumedRole' WHEN 'FederatedUser' THEN 'FederatedUser' END"
    ),
    "aws:RequestedRegion": "awsregion",
    "aws:SecureTransport": "CASE WHEN tlsdetails.tlsversion IS NOT NULL THEN 'true' END",
    "aws:SourceIdentity": f"{_SESSION}.sourceidentity",
    "aws:TokenIssueTime": _MOMENT.format(f"{_SESSION}.attributes.creationdate"),
    "aws:userid": f"CASE WHEN {_OF_AN_ACCOUNT} THEN {_WHO}.principalid END",
    "aws:username": f"CASE WHEN {_WHO}.type = 'IAMUser' THEN {_WHO}.username END",
    # A record names the service that called for a principal, not with whose role: so it proves the one case alone.
    "aws:ViaAWSService": f"CASE WHEN {_OF_AN_ACCOUNT} AND {_WHO}.invokedby IS NULL THEN 'false' END",
}
# Keys that may be asked for, and that no record proves.
_UNPROVEN: Final = frozenset(
    (
        "aws:MultiFactorAuthAge", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList",
        "aws:SourceAccount", "aws:SourceOrgID",
    )
)  # fmt: skip
REQUEST_KEYS: Final[Collection[str]] = frozenset((*_VALUES, *_UNPROVEN))  # that a store may ask for


def columns_with_context(columns: Columns, store: EventDataStore) -> Columns:
    """The columns that SQL sees of the store: one more where it asks for context."""
    return {**columns, NAME: TYPE} if store.context_keys else columns


def context_of(store: EventDataStore) -> str:
    """The end of a select list that gives `eventcontext`; empty where the store asks for none.

    Events of network activity have no context.
    """
    if not store.context_keys:
        return ""
    pairs = [f"{{k: {text_literal(key)}, v: {_VALUES[key]}}}" for key in store.context_keys if key in _VALUES]
    known = f"map_from_entries(list_filter([{', '.join(pairs)}], lambda p_: p_.v IS NOT NULL))" if pairs else "MAP {}"
    context = f"CASE WHEN eventcategory <> 'NetworkActivity' THEN {{requestcontext: {known}, tagcontext: NULL}} END"
    return f", CAST({context} AS {engine_type(TYPE)}) AS {NAME}"
