"""From EC2's records back to its parameters: the SOAP messages of old and the wrapped XML of newer operations."""

from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from opentrail.recorder.shapes.ec2 import is_of_soap_days, query_name
from opentrail.recorder.shapes.ec2_lists import DEFAULTS, INNER_LISTS, RENAMED, SOAP_LISTS
from opentrail.recorder.shapes.generic import lower_first
from tests.fidelity.values import Strangers, scalar
from tests.wire.protocols.made_requests import Maker


def parameters(operation: OperationModel, written: dict[str, Any], strangers: Strangers) -> dict[str, Any]:
    """The parameters that EC2 wrote down as `written`."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    if not is_of_soap_days(operation.name):
        inner = next(iter(written.values()))
        return _wrapped(shape, inner, strangers) if isinstance(inner, dict) else {}
    flat = _without_oddities(operation.name, dict(written))
    defaults = DEFAULTS.get(operation.name, {})
    flat = {name: value for name, value in flat.items() if value != {} and defaults.get(name) != value}
    return _soap(operation.name, shape, flat, strangers)


def _without_oddities(operation: str, written: dict[str, Any]) -> dict[str, Any]:
    if operation == "RunInstances":
        written |= written.pop("instancesSet")["items"][0]
        placement = {name: written.pop(name) for name in ("availabilityZone", "tenancy") if name in written}
        if placement:
            written["placement"] = {**written.get("placement", {}), **placement}
    if operation in ("ModifySnapshotAttribute", "ModifyImageAttribute"):
        written.pop("attributeType", None)
    if operation == "CreateVolume" and "size" in written:
        written["size"] = int(written["size"])
    return written


def _soap(operation: str, shape: StructureShape, written: dict[str, Any], strangers: Strangers) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in written.items():
        candidates = [one for one in shape.members.items() if key in _soap_names(operation, *one)]
        if not candidates:
            strangers.append(key)
            continue
        name, member = candidates[0]
        if isinstance(member, ListShape):
            _spread(operation, candidates, value, found, strangers)
        elif isinstance(member, StructureShape):
            found[name] = _soap(operation, member, value, strangers) if isinstance(value, dict) else _hidden(member)
        else:
            found[name] = scalar(member, value)
    return found


def _hidden(shape: StructureShape) -> Any:
    """Something that is hidden where it is written down."""
    return {name: Maker(1).value(member, 0, "") for name, member in shape.members.items()}


def _soap_names(operation: str, name: str, member: Shape) -> set[str]:
    wire = query_name(name, member)
    if not isinstance(member, ListShape):
        return {RENAMED.get(operation, {}).get(wire, lower_first(wire))}
    if wire == "TagSpecification":
        return {"tagSpecificationSet"}
    known = [listed[wire] for listed in (SOAP_LISTS[operation], INNER_LISTS) if wire in listed]
    return {known[0].name} if known else {f"{lower_first(wire)}Set"}


def _spread(
    operation: str, candidates: list[tuple[str, Shape]], value: Any, found: dict[str, Any], strangers: Strangers
) -> None:
    """Items to the list they belong to: groups by id and by name share one set."""
    for item in (value.get("items") or value.get("item") or []) if isinstance(value, dict) else []:
        name, member = candidates[0]
        for other, shape in candidates[1:]:
            if isinstance(item, dict) and lower_first(query_name(other, shape)) in item:
                name, member = other, shape
        assert isinstance(member, ListShape)
        found.setdefault(name, []).append(_item(operation, member.member, item, strangers))


def _item(operation: str, shape: Shape, item: Any, strangers: Strangers) -> Any:
    if not isinstance(shape, StructureShape):
        return scalar(shape, next(iter(item.values())) if isinstance(item, dict) else item)
    if shape.name == "TagSpecification":
        tags = [{name.capitalize(): text for name, text in tag.items()} for tag in item.get("tags", [])]
        return {"ResourceType": item.get("resourceType"), "Tags": tags}
    parts = {name: part for name, part in item.items() if part != {}}
    if "noDevice" in item:
        parts["noDevice"] = ""
    return _soap(operation, shape, parts, strangers)


def _wrapped(shape: StructureShape, written: dict[str, Any], strangers: Strangers) -> dict[str, Any]:
    members = {query_name(name, member): (name, member) for name, member in shape.members.items()}
    found = {}
    for key, value in written.items():
        if key == "tag":
            continue
        if key not in members:
            strangers.append(key)
            continue
        name, member = members[key]
        found[name] = _wrapped_value(member, value, strangers)
    return found


def _wrapped_value(shape: Shape, value: Any, strangers: Strangers) -> Any:
    if isinstance(shape, ListShape):
        parts = value if isinstance(value, list) else [value]
        return [_wrapped_value(shape.member, part, strangers) for part in parts]
    if isinstance(shape, StructureShape):
        return _wrapped(shape, value, strangers) if isinstance(value, dict) else {}
    return scalar(shape, value["content"] if isinstance(value, dict) else value)
