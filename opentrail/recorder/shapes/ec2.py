"""EC2's parameters in records: as SOAP messages of old, or as the XML that newer operations wrap in a request element.

    SOAP days    {"instancesSet": {"items": [{"instanceId": "i-1"}]}, "filterSet": {}}
    newer        {"DescribeFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}}

Members that the model marks sensitive are hidden while the shape is made: the paths of these shapes are EC2's own.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from opentrail.record.redaction import HIDDEN
from opentrail.recorder.shapes.ec2_lists import DEFAULTS, INNER_LISTS, RENAMED, SOAP_LISTS, ListName
from opentrail.recorder.shapes.generic import lower_first
from opentrail.recorder.shapes.xml_objects import as_scalar

Reshape = Callable[[Any], Any]

REMOVED: Final = "<sensitiveDataRemoved>"  # EC2's own mark
_REMOVED_MEMBERS: Final = frozenset(("UserData", "PublicKeyMaterial"))
_CLASSIC_LINK: Final = frozenset(
    ("DescribeVpcClassicLink", "DescribeClassicLinkInstances")
)  # write `item`, not `items`
_INSTANCE_MEMBERS: Final = ("imageId", "minCount", "maxCount", "keyName")
_NOT_SHOWN: Final[Mapping[str, tuple[str, ...]]] = {"DescribeVpcAttribute": ("attribute",)}
_PERMISSIONS: Final[Mapping[str, tuple[str, str]]] = {  # operation -> member, and attributeType as AWS writes it
    "ModifyImageAttribute": ("launchPermission", "launchPermission"),
    "ModifySnapshotAttribute": ("createVolumePermission", "CREATE_VOLUME_PERMISSION"),
}
# Request elements that are not named after their operation.
_REQUEST_NAMES: Final[Mapping[str, str]] = {"DeleteTransitGatewayVpcAttachment": "DelTGwVpcAttachReq"}


def is_of_soap_days(operation: str) -> bool:
    """Whether records show the operation as a SOAP message."""
    return operation in SOAP_LISTS


def parameters(operation: OperationModel, values: dict[str, Any]) -> dict[str, Any] | None:
    """CloudTrail's shape of the parameters of one call; None for a call of the SOAP days without any."""
    reshape = _compiled(operation)
    if not is_of_soap_days(operation.name):
        inner = reshape(values)
        return {_REQUEST_NAMES.get(operation.name, f"{operation.name}Request"): inner or ""}
    shaped: dict[str, Any] = reshape(values)
    for listed in SOAP_LISTS[operation.name].values():
        if listed.shown_empty:
            shaped.setdefault(listed.name, {})
    for name, default in DEFAULTS.get(operation.name, {}).items():
        shaped.setdefault(name, default)
    _finish(operation.name, shaped)
    return shaped or None


def _finish(operation: str, shaped: dict[str, Any]) -> None:
    """The oddities of single operations."""
    for name in _NOT_SHOWN.get(operation, ()):
        shaped.pop(name, None)
    if operation == "RunInstances":
        _finish_run_instances(shaped)
    elif operation in _PERMISSIONS:
        _finish_permissions(operation, shaped)


def _finish_run_instances(shaped: dict[str, Any]) -> None:
    item = {name: shaped.pop(name) for name in _INSTANCE_MEMBERS if name in shaped}
    placement = shaped.get("placement")
    if isinstance(placement, dict):
        for name in ("availabilityZone", "tenancy"):
            if name in placement:
                shaped[name] = placement.pop(name)
        if not placement:
            del shaped["placement"]
    body = dict(shaped)
    shaped.clear()
    shaped.update({"instancesSet": {"items": [item]}, **body})


def _finish_permissions(operation: str, shaped: dict[str, Any]) -> None:
    member, attribute_type = _PERMISSIONS[operation]
    kind = shaped.get("operationType")
    entries = [{"userId": entry} for entry in _texts(shaped, "userIdSet", "userId")]
    entries += [{"group": entry} for entry in _texts(shaped, "userGroupSet", "userGroup")]
    if kind in ("add", "remove") and entries and member not in shaped:
        for name in ("operationType", "userIdSet", "userGroupSet", "attribute"):
            shaped.pop(name, None)
        shaped[member] = {kind: {"items": entries}}
    if member in shaped:
        shaped.setdefault("attributeType", attribute_type)


def _texts(shaped: dict[str, Any], name: str, element: str) -> list[Any]:
    listed = shaped.get(name)
    items = listed.get("items", []) if isinstance(listed, dict) else []
    return [item[element] for item in items if isinstance(item, dict) and element in item]


@functools.lru_cache(maxsize=2048)
def _compiled(operation: OperationModel) -> Reshape:
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return lambda _values: {}
    if is_of_soap_days(operation.name):
        return _Soap(operation.name).structure(shape, top=True)
    return _Wrapped().structure(shape)


def query_name(name: str, shape: Shape) -> str:
    """A member's name in EC2's Query protocol."""
    serialization = shape.serialization
    if "queryName" in serialization:
        return str(serialization["queryName"])
    if "name" in serialization:
        wire = str(serialization["name"])
        return wire[0].upper() + wire[1:]
    return name


def _hidden(name: str, shape: Shape) -> str | None:
    if name in _REMOVED_MEMBERS:
        return REMOVED
    return HIDDEN if shape.metadata.get("sensitive") else None


class _Soap:
    """Compiles shapes of the SOAP days."""

    def __init__(self, operation: str) -> None:
        self._lists = SOAP_LISTS[operation]
        self._renamed = RENAMED.get(operation, {})
        self._items = "item" if operation in _CLASSIC_LINK else "items"
        self._made: dict[str, Reshape] = {}

    def structure(self, shape: StructureShape, *, top: bool = False) -> Reshape:
        if shape.name in self._made:
            return self._made[shape.name]
        members: dict[str, tuple[str, Reshape]] = {}
        empties: list[str] = []

        def reshape(value: Any) -> Any:
            if type(value) is not dict:
                return value
            shaped = {}
            for name, item in value.items():
                known = members.get(name)
                if known is None:
                    shaped[lower_first(name)] = item
                else:
                    shaped[known[0]] = _merged(shaped.get(known[0]), known[1](item))
            for name in empties:
                shaped.setdefault(name, {})
            return shaped

        self._made[shape.name] = reshape
        for name, member in shape.members.items():
            members[name] = self._member(name, member, top)
            listed = INNER_LISTS.get(query_name(name, member))
            if shape.name == "IpPermission" and listed is not None and listed.shown_empty:
                empties.append(listed.name)
        return reshape

    def _member(self, name: str, member: Shape, top: bool) -> tuple[str, Reshape]:
        wire = query_name(name, member)
        hidden = _hidden(name, member)
        if hidden is not None:
            return lower_first(wire), lambda _value: hidden
        if isinstance(member, ListShape):
            return self._list(wire, member, top)
        if isinstance(member, StructureShape):
            return self._renamed.get(wire, lower_first(wire)), self.structure(member)
        if wire == "NoDevice":  # SOAP's empty element
            return "noDevice", lambda value: value or {}
        if wire == "Size" and "zone" in self._renamed.values():  # CreateVolume's size is a text
            return "size", str
        return self._renamed.get(wire, lower_first(wire)), _as_is

    def _list(self, wire: str, member: ListShape, top: bool) -> tuple[str, Reshape]:
        if wire == "TagSpecification":
            return "tagSpecificationSet", _tag_specifications
        item = member.member
        named = (self._lists if top else INNER_LISTS).get(wire) or INNER_LISTS.get(wire)
        if named is None:
            plain = not isinstance(item, StructureShape | ListShape)
            named = ListName(wire, f"{lower_first(wire)}Set", lower_first(wire) if plain else None, False)
        inner = self.structure(item) if isinstance(item, StructureShape) else _as_is
        element, items_name = named.element, "items" if named.name == "filterSet" else self._items

        def reshape(value: Any) -> Any:
            items = value if type(value) is list else [value]
            if not items:
                return {}
            return {
                items_name: [inner(part) if type(part) is dict or not element else {element: part} for part in items]
            }

        return named.name, reshape


def _merged(before: Any, now: Any) -> Any:
    """Two lists that share a name: groups by id and by name stand in one groupSet."""
    if isinstance(before, dict) and isinstance(now, dict) and "items" in before and "items" in now:
        return {"items": [*before["items"], *now["items"]]}
    return now


def _tag_specifications(value: Any) -> Any:
    specifications = [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
    items = []
    for part in specifications:
        tags = part.get("Tags")
        item = {"resourceType": part.get("ResourceType")} if "ResourceType" in part else {}
        item["tags"] = [
            {lower_first(name): text for name, text in tag.items()} for tag in tags or [] if isinstance(tag, dict)
        ]
        items.append(item)
    return {"items": items} if items else {}


class _Wrapped:
    """Compiles shapes of the operations after SOAP: the Query names as XML elements, list items numbered by `tag`."""

    def __init__(self) -> None:
        self._made: dict[str, Reshape] = {}

    def structure(self, shape: StructureShape) -> Reshape:
        if shape.name in self._made:
            return self._made[shape.name]
        members: dict[str, tuple[str, Reshape]] = {}

        def reshape(value: Any) -> Any:
            if type(value) is not dict:
                return value
            shaped = {}
            for name, item in value.items():
                wire, inner = members.get(name, (name, _as_is))
                shaped[wire] = inner(item)
            return shaped

        self._made[shape.name] = reshape
        for name, member in shape.members.items():
            hidden = _hidden(name, member)
            inner: Reshape = (lambda mark: lambda _value: mark)(hidden) if hidden is not None else self._value(member)
            members[name] = (query_name(name, member), inner)
        return reshape

    def _value(self, shape: Shape) -> Reshape:
        if isinstance(shape, StructureShape):
            return self.structure(shape)
        if not isinstance(shape, ListShape):
            return lambda value: as_scalar(value) if type(value) is str else value
        item = self._value(shape.member)

        def reshape(value: Any) -> Any:
            parts = value if type(value) is list else [value]
            numbered = [_numbered(item(part), number) for number, part in enumerate(parts, start=1)]
            return numbered[0] if len(numbered) == 1 else numbered

        return reshape


def _numbered(value: Any, number: int) -> dict[str, Any]:
    return {**value, "tag": number} if isinstance(value, dict) else {"tag": number, "content": value}


def _as_is(value: Any) -> Any:
    return value
