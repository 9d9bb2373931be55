"""EC2's parameters: as the SOAP message of old, or as the XML of the request; by the project's tables of lists."""

from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from opentrail.record.redaction import HIDDEN
from opentrail.recorder.shapes.ec2_lists import DEFAULTS, INNER_LISTS, RENAMED, SOAP_LISTS
from tests.recorder.every_operation.expected_s3 import _scalar as as_scalar

_REMOVED = "<sensitiveDataRemoved>"


def ec2_parameters(operation: OperationModel, given: dict[str, Any]) -> dict[str, Any] | None:
    shape: Any = operation.input_shape
    if operation.name not in SOAP_LISTS:
        inner = _wrapped(shape, given) if shape is not None else {}
        name = "DelTGwVpcAttachReq" if operation.name == "DeleteTransitGatewayVpcAttachment" else None
        return {name or f"{operation.name}Request": inner or ""}
    shaped = _Soap(operation.name).structure(shape, given, top=True) if shape is not None else {}
    for listed in SOAP_LISTS[operation.name].values():
        if listed.shown_empty:
            shaped.setdefault(listed.name, {})
    for name, default in DEFAULTS.get(operation.name, {}).items():
        shaped.setdefault(name, default)
    if operation.name == "DescribeVpcAttribute":
        shaped.pop("attribute", None)
    if operation.name == "RunInstances":
        shaped = _run_instances(shaped)
    if operation.name in ("ModifyImageAttribute", "ModifySnapshotAttribute"):
        _permissions(operation.name, shaped)
    return shaped or None


def _run_instances(shaped: dict[str, Any]) -> dict[str, Any]:
    item = {name: shaped.pop(name) for name in ("imageId", "minCount", "maxCount", "keyName") if name in shaped}
    placement = dict(shaped.get("placement", {}))
    for name in ("availabilityZone", "tenancy"):
        if name in placement:
            shaped[name] = placement.pop(name)
    if "placement" in shaped:
        shaped["placement"] = placement
        if not placement:
            del shaped["placement"]
    return {"instancesSet": {"items": [item]}, **shaped}


def _permissions(operation: str, shaped: dict[str, Any]) -> None:
    member, kind = {
        "ModifyImageAttribute": ("launchPermission", "launchPermission"),
        "ModifySnapshotAttribute": ("createVolumePermission", "CREATE_VOLUME_PERMISSION"),
    }[operation]
    entries = [
        {element: entry[given]}
        for name, given, element in (("userIdSet", "userId", "userId"), ("userGroupSet", "userGroup", "group"))
        for entry in shaped.get(name, {}).get("items", [])
    ]
    action = shaped.get("operationType")
    if action in ("add", "remove") and entries and member not in shaped:
        for name in ("operationType", "userIdSet", "userGroupSet", "attribute"):
            shaped.pop(name, None)
        shaped[member] = {action: {"items": entries}}
    if member in shaped:
        shaped.setdefault("attributeType", kind)


def _wire(name: str, shape: Shape) -> str:
    if "queryName" in shape.serialization:
        return str(shape.serialization["queryName"])
    wire = str(shape.serialization.get("name", ""))
    return wire[0].upper() + wire[1:] if wire else name


def _mark(name: str, shape: Shape) -> str | None:
    if name in ("UserData", "PublicKeyMaterial"):
        return _REMOVED
    return HIDDEN if shape.metadata.get("sensitive") else None


def _wrapped(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {
            _wire(name, member): _mark(name, member) or _wrapped(member, value[name])
            for name, member in shape.members.items()
            if name in value
        }
    if isinstance(shape, ListShape):
        made = [_wrapped(shape.member, item) for item in value]
        numbered = [
            {**item, "tag": number} if isinstance(item, dict) else {"tag": number, "content": item}
            for number, item in enumerate(made, start=1)
        ]
        return numbered[0] if len(numbered) == 1 else numbered
    if shape.type_name in ("string", "timestamp"):
        return as_scalar(shape, value)
    return _plain(shape, value)


class _Soap:
    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._lists = SOAP_LISTS[operation]
        self._renamed = RENAMED.get(operation, {})
        classic = operation in ("DescribeVpcClassicLink", "DescribeClassicLinkInstances")
        self._items = "item" if classic else "items"

    def structure(self, shape: StructureShape, value: dict[str, Any], *, top: bool = False) -> dict[str, Any]:
        shaped: dict[str, Any] = {}
        for name, member in shape.members.items():
            if name in value:
                key, item = self._member(name, member, value[name], top)
                before = shaped.get(key)
                if isinstance(before, dict) and "items" in before and isinstance(item, dict) and "items" in item:
                    item = {"items": [*before["items"], *item["items"]]}
                shaped[key] = item
        if shape.name == "IpPermission":
            for name, member in shape.members.items():
                listed = INNER_LISTS.get(_wire(name, member))
                if listed is not None and listed.shown_empty:
                    shaped.setdefault(listed.name, {})
        return shaped

    def _member(self, name: str, member: Shape, value: Any, top: bool) -> tuple[str, Any]:
        wire = _wire(name, member)
        lowered = wire[0].lower() + wire[1:]
        mark = _mark(name, member)
        if mark is not None:
            return lowered, mark
        if wire == "TagSpecification" and isinstance(member, ListShape):
            return "tagSpecificationSet", _tags(value)
        if isinstance(member, ListShape):
            return self._list(wire, member, value, top)
        if isinstance(member, StructureShape):
            return self._renamed.get(wire, lowered), self.structure(member, value)
        if wire == "Size" and self._operation == "CreateVolume":
            return "size", str(value)
        return self._renamed.get(wire, lowered), _plain(member, value)

    def _list(self, wire: str, member: ListShape, value: list[Any], top: bool) -> tuple[str, Any]:
        named = (self._lists.get(wire) if top else None) or INNER_LISTS.get(wire)
        inner = member.member
        lowered = wire[0].lower() + wire[1:]
        plain = not isinstance(inner, StructureShape | ListShape)
        name = named.name if named else f"{lowered}Set"
        element = named.element if named else (lowered if plain else None)
        items = [self.structure(inner, item) if isinstance(inner, StructureShape) else _plain(inner, item)
                 for item in value]  # fmt: skip
        listed = [{element: item} if element and plain else item for item in items]
        return name, {("items" if name == "filterSet" else self._items): listed} if listed else {}


def _tags(value: list[dict[str, Any]]) -> dict[str, Any]:
    items = []
    for part in value:
        item: dict[str, Any] = {"resourceType": part["ResourceType"]} if "ResourceType" in part else {}
        item["tags"] = [
            {name[0].lower() + name[1:]: text for name, text in tag.items()} for tag in part.get("Tags", [])
        ]
        items.append(item)
    return {"items": items} if items else {}


def _plain(shape: Shape, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    return value
