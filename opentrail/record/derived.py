"""What LookupEvents derives from a record: the user name and the resources.

AWS does not publish the rules; these follow genuine answers. Resources are told from the names of parameters, in the
request and in the answer alike, else from ARNs, and from the record's own `resources`. The order of types is that of
AWS's answers, which is the order of a Java hash map of their names.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from opentrail import limits
from opentrail.record.arn_types import type_of_arn
from opentrail.record.classification import read_only, verb_and_rest
from opentrail.record.projection import Caller, Projection
from opentrail.record.resource_types import (
    BY_PREFIX,
    EC2_PREFIXES,
    GENERIC_NAMES,
    SKIPPED,
    TRANSPARENT,
    UNKNOWN_SERVICE,
    UNLISTED_CALLS,
    UNTYPED,
    ServiceTypes,
)
from opentrail.record.service_tables import SERVICES
from opentrail.record.view import ABSENT, IdentityView, RecordView, ResourceView, generic, resource_entries

Resources = list[tuple[str | None, str]]
_Listed = tuple[tuple[str | None, str], ...]

_AFTER_COLON = frozenset({"AssumedRole", "FederatedUser"})
_BY_USER_NAME = frozenset(
    {"IAMUser", "SAMLUser", "WebIdentityUser", "IdentityCenterUser", "Unknown", "Directory", "Role"}
)
_HIDDEN = frozenset({"", "HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "***", "****"})
_VERSION = re.compile(r"\d{8}(v\d+)?$|\d{4}_\d\d_\d\d$")
_CACHED_BYTES = 1024  # longer parameters seldom come twice
_decode = msgspec.json.Decoder().decode
_decode_entries = msgspec.json.Decoder(list[ResourceView] | None).decode


def username(view: RecordView) -> str | None:
    """The user name that LookupEvents shows, or None where it shows none; see `caller_name`."""
    return None if view.userIdentity is None else caller_name(view.userIdentity)


def caller_name(identity: IdentityView | Caller) -> str | None:
    """The user name of an identity.

    `root` for the root user, the session's name for roles and federated users, else the identity's own user name;
    accounts, services and events without a type of identity have none.
    """
    kind = identity.type
    if kind in _AFTER_COLON:
        _, colon, session = (identity.principalId or "").partition(":")
        if colon:
            return session or None
        return (identity.arn or "").rpartition("/")[2] or None
    if kind == "Root":
        return "root"
    return identity.userName or None if kind in _BY_USER_NAME else None


def resources(view: RecordView) -> Resources:
    """(ResourceType or None, ResourceName), grouped by type, without repetition.

    At most limits.LISTED_RESOURCES come from parameters (limits.LISTED_OBJECTS for DeleteObjects); entries of the
    record's own `resources` are added up to limits.LISTED_OBJECTS.
    """
    source, name = view.eventSource, view.eventName
    if source is None or name is None or (source, name) in UNLISTED_CALLS:
        return []
    source = _tabled(source, view.apiVersion)
    request, answer = bytes(view.requestParameters), _object(bytes(view.responseElements))
    if answer is None and not view.resources:
        if request[:1] != b"{":
            return []
        if len(request) <= _CACHED_BYTES:
            return list(_repeated(source, name, view.readOnly, request, b""))
    found = _collect(source, name, view.readOnly, request, answer)
    _add_entries(view.resources, found)
    return _grouped(found)


def listed(record: Projection) -> Sequence[tuple[str | None, str]]:
    """`resources` of a record's projection; not to be changed, for equal calls share it."""
    source, name = record.eventSource, record.eventName
    if source is None or name is None or (source, name) in UNLISTED_CALLS:
        return ()
    if record.apiVersion is not None:
        source = _tabled(source, record.apiVersion)
    request = bytes(record.requestParameters)
    entries = b"" if record.resources is ABSENT else bytes(record.resources)
    if record.responseElements is None:
        if not entries and request[:1] != b"{":
            return ()
        if len(request) + len(entries) <= _CACHED_BYTES:
            return _repeated(source, name, record.readOnly, request, entries)
    found = _collect(source, name, record.readOnly, request, record.responseElements)
    _add_entries(_entries(entries), found)
    return _grouped(found)


def _tabled(source: str, api_version: str | None) -> str:
    """The name under which the tables have the service of `source`."""
    if api_version == "2015-12-01" and source == "elasticloadbalancing.amazonaws.com":
        return "elasticloadbalancing 2015-12-01"
    return source


@lru_cache(maxsize=4096)
def _repeated(source: str, name: str, reads: bool | None, request: bytes, entries: bytes) -> _Listed:
    """The resources of a call without an answer; such calls are repeated again and again."""
    found = _collect(source, name, reads, request, None)
    _add_entries(_entries(entries), found)
    return tuple(_grouped(found))


def _entries(text: bytes) -> list[ResourceView] | None:
    if not text:
        return None
    try:
        entries: list[ResourceView] | None = _decode_entries(text)
    except (msgspec.DecodeError, RecursionError):
        return resource_entries(text)
    return entries


def _collect(
    source: str, name: str, reads: bool | None, request: bytes, answer: dict[str, Any] | None
) -> dict[tuple[str, str], None]:
    """(type or UNTYPED, name) in the order of their places, as keys of a dict."""
    service = source.removesuffix(".amazonaws.com")
    found: dict[tuple[str, str], None] = {}
    walk = _Walk(SERVICES.get(service, UNKNOWN_SERVICE), found, _most(name))
    own = _thing_of_call(service, name)
    if answer is not None and name not in walk.types.answers_unread:  # the answer first, as AWS's order shows
        walk.visit(answer, own)
    parameters = _object(request)
    if parameters is not None:
        if service == "ec2" and (reads if reads is not None else read_only(source, name)):
            # EC2's older read calls list nothing, even where they name ids; those wrapped in {"...Request": {..}} do.
            parameters = {key: value for key, value in parameters.items() if key.endswith("Request")}
        walk.visit(parameters, own)
    return found


def _object(text: bytes) -> dict[str, Any] | None:
    if text[:1] != b"{":
        return None
    try:
        value = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        value = generic(text)
    return value if isinstance(value, dict) else None


def _most(name: str) -> int:
    return limits.LISTED_OBJECTS if name == "DeleteObjects" else limits.LISTED_RESOURCES


def _stands_for_all(lowered: str, node: dict[str, Any]) -> bool:
    """Whether a value names the object it is in; `content` does in EC2's `{"tag": 1, "content": "i-1"}` alone."""
    if lowered == "content":
        return "tag" in node
    return lowered in GENERIC_NAMES or lowered in TRANSPARENT


class _Walk:
    """One pass over parameters; what is found goes into `found` until it holds `most` entries."""

    __slots__ = ("found", "most", "types")

    def __init__(self, types: ServiceTypes, found: dict[tuple[str, str], None], most: int) -> None:
        self.types = types
        self.found = found
        self.most = most

    def visit(self, node: dict[str, Any], own: str | None) -> None:
        """`own`: the type that a bare name, id or arn in this object has."""
        types = self.types
        parameters = types.parameters
        for key, value in node.items():
            kind = type(value)
            if kind is str:
                lowered = key.lower()
                told = parameters.get(lowered)
                if told is None and own is not None and _stands_for_all(lowered, node):
                    told = own
                if told is not None:
                    self._list(told, value)
                elif value[:4] == "arn:" and types.by_arn and lowered not in SKIPPED:
                    self._list_arn(value)
            elif kind is dict or kind is list:
                self._enter(key.lower(), value, own)

    def _enter(self, lowered: str, value: Any, own: str | None) -> None:
        types = self.types
        if lowered in types.map_keys and isinstance(value, dict):
            for name in value:
                self._list(types.map_keys[lowered], name)
        if lowered in TRANSPARENT:
            inner = own
        else:
            inner = types.containers.get(lowered)
            if inner is None:
                if lowered in SKIPPED:
                    return
                inner = types.parameters.get(lowered)
                if inner is None and lowered[-3:] == "set":
                    inner = types.parameters.get(lowered[:-3])
                if inner is None and own is not None and lowered in GENERIC_NAMES:
                    inner = own
        if type(value) is dict:
            self.visit(value, inner)
            return
        for item in value:
            if type(item) is str:
                if inner is not None:
                    self._list(inner, item)
                elif item[:4] == "arn:" and types.by_arn:
                    self._list_arn(item)
            elif type(item) is dict:
                self.visit(item, inner)

    def _list(self, told: str, value: str) -> None:
        if value in _HIDDEN or len(value) > limits.LISTED_RESOURCE_CHARS or len(self.found) >= self.most:
            return
        if told == BY_PREFIX:
            told = EC2_PREFIXES.get(value.partition("-")[0], UNTYPED)
        self.found[(told, value)] = None

    def _list_arn(self, value: str) -> None:
        if "*" not in value and " " not in value:
            self._list(type_of_arn(value) or UNTYPED, value)


@lru_cache(maxsize=8192)
def _thing_of_call(service: str, name: str) -> str | None:
    """What a bare `name` or `id` at the top of the parameters is called after: CreateTrail is about a trail."""
    types = SERVICES.get(service)
    if types is None or len(name) > limits.ENVELOPE_TEXT_CHARS:
        return None
    rest = verb_and_rest(_VERSION.sub("", name))[1].lower()
    for noun in (rest, rest.removesuffix("s"), rest.removesuffix("es")):
        if noun in types.things:
            return types.things[noun]
    starts = [noun for noun in types.things if rest.startswith(noun)]
    return types.things[max(starts, key=len)] if starts else types.default


def _add_entries(entries: list[ResourceView] | None, found: dict[tuple[str, str], None]) -> None:
    """The record's own resources, by ARN; those without a type only where no parameter named them."""
    for entry in entries or ():
        arn = entry.ARN
        if not arn or arn in _HIDDEN or len(found) >= limits.LISTED_OBJECTS or len(arn) > limits.LISTED_RESOURCE_CHARS:
            continue
        if entry.type:
            found[(entry.type, arn)] = None
        elif not any(arn == name for _, name in found):
            found[(type_of_arn(arn) or UNTYPED, arn)] = None


def _grouped(found: Iterable[tuple[str, str]]) -> Resources:
    """By type in AWS's order; those without a type last; within a type in the order they were found."""
    by_type: dict[str, list[str]] = {}
    for kind, name in found:
        by_type.setdefault(kind, []).append(name)
    if len(by_type) > 1:
        capacity = 16
        while len(by_type) > capacity * 3 // 4:
            capacity *= 2
        kinds = sorted(by_type, key=lambda kind: (kind == UNTYPED, _java_hash(kind) & (capacity - 1)))
        return [(kind or None, name) for kind in kinds for name in by_type[kind]]
    return [(kind or None, name) for kind, names in by_type.items() for name in names]


@lru_cache(maxsize=1024)
def _java_hash(text: str) -> int:
    """String.hashCode as java.util.HashMap spreads it."""
    value = 0
    for byte in text.encode("utf-16-be", "replace")[1::2]:
        value = (value * 31 + byte) & 0xFFFFFFFF
    return value ^ (value >> 16)
