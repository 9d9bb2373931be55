"""What kind of event a call is: read-only or writing, management or data, and the category of a record without one."""

import functools
from collections.abc import Mapping
from typing import Any

from opentrail.record.access_levels import READS, WRITES
from opentrail.record.data_events import DATA_EVENTS
from opentrail.record.view import RecordView

_READ_VERBS = (
    "BatchCheck", "BatchDescribe", "BatchGet", "Check", "Count", "Decode", "Describe", "Detect", "Discover", "Download",
    "Estimate", "Filter", "Get", "Head", "List", "Lookup", "Preview", "Query", "Read", "Resolve", "Retrieve", "Scan",
    "Search", "Select", "Simulate", "Test", "TransactGet", "Validate", "Verify", "View",
)  # fmt: skip

_NONE: frozenset[str] = frozenset()
_VERB_CHARACTERS = max(map(len, _READ_VERBS)) + 1  # the longest verb and what tells that it ends

# Calls whose verb says otherwise, as AWS's own records and the records in its guides have them.
_READ_ONLY_EXCEPTIONS: dict[tuple[str, str], bool] = {
    ("sts.amazonaws.com", "AssumeRole"): True,
    ("sts.amazonaws.com", "AssumeRoleWithSAML"): True,
    ("sts.amazonaws.com", "AssumeRoleWithWebIdentity"): True,
    ("sts.amazonaws.com", "AssumeRoot"): True,
    ("iam.amazonaws.com", "GenerateCredentialReport"): True,
    ("iam.amazonaws.com", "GenerateServiceLastAccessedDetails"): True,
    ("kms.amazonaws.com", "Decrypt"): True,
    ("kms.amazonaws.com", "DeriveSharedSecret"): True,
    ("kms.amazonaws.com", "Encrypt"): True,
    ("kms.amazonaws.com", "GenerateDataKey"): True,
    ("kms.amazonaws.com", "GenerateDataKeyPair"): True,
    ("kms.amazonaws.com", "GenerateDataKeyPairWithoutPlaintext"): True,
    ("kms.amazonaws.com", "GenerateDataKeyWithoutPlaintext"): True,
    ("kms.amazonaws.com", "GenerateMac"): True,
    ("kms.amazonaws.com", "GenerateRandom"): True,
    ("kms.amazonaws.com", "ReEncrypt"): True,
    ("kms.amazonaws.com", "Sign"): True,
    ("cognito-identity.amazonaws.com", "GetCredentialsForIdentity"): False,
    ("eks-auth.amazonaws.com", "AssumeRoleForPodIdentity"): True,
    ("monitoring.amazonaws.com", "GenerateQuery"): True,
    ("s3express.amazonaws.com", "CreateSession"): True,
    ("sts.amazonaws.com", "GetFederationToken"): False,
    ("bedrock.amazonaws.com", "Converse"): True,
    ("bedrock.amazonaws.com", "ConverseStream"): True,
    ("bedrock.amazonaws.com", "InvokeModel"): True,
    ("bedrock.amazonaws.com", "InvokeModelWithResponseStream"): True,
    ("dynamodb.amazonaws.com", "ExecuteStatement"): False,
    ("s3.amazonaws.com", "PreflightRequest"): True,
    ("sqs.amazonaws.com", "ReceiveMessage"): True,
    ("signin.amazonaws.com", "CheckMfa"): False,
    ("cloudtrail.amazonaws.com", "StartQuery"): True,
    ("logs.amazonaws.com", "StartQuery"): True,
    ("logs.amazonaws.com", "StartLiveTail"): True,
}

_CATEGORY_OF_TYPE = {
    "AwsCloudTrailInsight": "Insight",
    "AwsVpceEvent": "NetworkActivity",
    "AwsVpceEvents": "NetworkActivity",
    "AwsAggregatedEvent": "Aggregated",
    "ActivityLog": "ActivityAuditLog",
    "AwsConfigurationItem": "ConfigurationItem",
    "AwsAuditManagerEvidence": "Evidence",
    "AwsConsoleAction": "Management",
    "AwsConsoleSignIn": "Management",
}


def read_only(event_source: str, event_name: str) -> bool:
    """Whether the call changes nothing, by its verb and AWS's exceptions; an unknown verb counts as a write."""
    exception = _READ_ONLY_EXCEPTIONS.get((event_source, event_name))
    if exception is not None:
        return exception
    if event_name in READS.get(event_source, _NONE):
        return True
    return event_name not in WRITES.get(event_source, _NONE) and _has_read_verb(event_name[:_VERB_CHARACTERS])


def category(event_source: str, event_name: str, parameters: Mapping[str, Any] | None = None) -> str:
    """`"Data"` for the calls that AWS lists as data events, `"Management"` for all others."""
    names = DATA_EVENTS.get(event_source)
    return "Data" if names is not None and event_name in names else "Management"


def category_of(view: RecordView) -> str:
    """The category of a record: its own, else by event type, else by `managementEvent`, else by source and name."""
    if view.eventCategory:
        return view.eventCategory
    if view.eventType is not None:
        by_type = _CATEGORY_OF_TYPE.get(view.eventType)
        if by_type is not None:
            return by_type
    if view.managementEvent is not None:
        return "Management" if view.managementEvent else "Data"
    return category(view.eventSource or "", view.eventName or "")


def verb_and_rest(event_name: str) -> tuple[str, str]:
    """The first word of an event name and what follows: ("Create", "Trail"); ("Decrypt", "") for a single word."""
    for position in range(1, len(event_name)):
        if event_name[position].isupper():
            return event_name[:position], event_name[position:]
    return event_name, ""


@functools.lru_cache(maxsize=8192)
def _has_read_verb(beginning: str) -> bool:
    """A verb counts where it stands as a word: `Get` in GetUser, not in `Getaway`."""
    for verb in _READ_VERBS:
        if beginning.startswith(verb):
            rest = beginning[len(verb) :]
            if not rest or not rest[0].islower():
                return True
    return False
