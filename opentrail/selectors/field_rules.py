"""Which fields an advanced event selector may name, by category, with which operators and values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from opentrail.selectors.basic import EXCLUDABLE_SOURCES

_EQUALS: Final = frozenset({"Equals"})
_EXACT: Final = frozenset({"Equals", "NotEquals"})
_ANY: Final = frozenset({"Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"})
_TYPE: Final = re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+")
_SOURCE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")


def _anything(value: str) -> bool:
    return True


def _among(*values: str) -> Callable[[str], bool]:
    return frozenset(values).__contains__


def _like(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What may be said of one field."""

    operators: frozenset[str]
    accepts: Callable[[str], bool] = _anything
    required: bool = False
    single: bool = False  # exactly one value, over all operators


FieldsByCategory = Mapping[str, Mapping[str, FieldRule]]

_CATEGORY: Final = FieldRule(_EQUALS, required=True, single=True)
_READ_ONLY: Final = FieldRule(_EQUALS, _among("true", "false"))
_FREE: Final = FieldRule(_ANY)

TRAIL_FIELDS: Final[FieldsByCategory] = {
    "Management": {
        "eventCategory": _CATEGORY,
        "readOnly": _READ_ONLY,
        "eventSource": FieldRule(frozenset({"NotEquals"}), _among(*EXCLUDABLE_SOURCES)),
    },
    "Data": {
        "eventCategory": _CATEGORY,
        "resources.type": FieldRule(_EQUALS, _like(_TYPE), required=True, single=True),
        "readOnly": _READ_ONLY,
        "eventName": _FREE,
        "resources.ARN": _FREE,
        "eventSource": _FREE,
        "eventType": _FREE,
        "userIdentity.arn": _FREE,
        "sessionCredentialFromConsole": FieldRule(_EXACT, _among("true", "false")),
    },
    "NetworkActivity": {
        "eventCategory": _CATEGORY,
        "eventSource": FieldRule(_EQUALS, _like(_SOURCE), required=True, single=True),
        "eventName": _FREE,
        "vpcEndpointId": _FREE,
        "errorCode": FieldRule(_EQUALS, _among("VpceAccessDenied")),
    },
}

_ONLY_CATEGORY: Final = {"eventCategory": _CATEGORY}

STORE_FIELDS: Final[FieldsByCategory] = {
    **TRAIL_FIELDS,
    "Management": {
        "eventCategory": _CATEGORY,
        "readOnly": _READ_ONLY,
        "eventSource": _FREE,
        "eventName": _FREE,
        "eventType": _FREE,
        "userIdentity.arn": _FREE,
        "sessionCredentialFromConsole": FieldRule(_EXACT, _among("true", "false")),
    },
    "NetworkActivity": {
        **TRAIL_FIELDS["NetworkActivity"],
        "eventType": _FREE,
        "userIdentity.arn": _FREE,
    },
    "Insight": _ONLY_CATEGORY,
    "ConfigurationItem": _ONLY_CATEGORY,
    "Evidence": _ONLY_CATEGORY,
    "ActivityAuditLog": _ONLY_CATEGORY,
}
