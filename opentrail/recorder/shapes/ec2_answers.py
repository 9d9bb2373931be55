"""EC2's answers in records, read from the XML itself: the request id first, sets as `items`, times in milliseconds."""

import functools
from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from opentrail.record.redaction import HIDDEN
from opentrail.recorder.shapes.ec2 import is_of_soap_days
from opentrail.recorder.shapes.times import epoch_milliseconds
from opentrail.recorder.shapes.xml_objects import as_object
from opentrail.wire.protocols.call import UnreadableCall
from opentrail.wire.protocols.scalars import boolean, converter
from opentrail.wire.protocols.xml_values import local_name, parse_xml

_TEXTS: Final[Mapping[str, frozenset[str]]] = {  # numbers that AWS writes as texts
    "CreateVolume": frozenset(("size",)),
    "CreateSnapshot": frozenset(("volumeSize",)),
}
_RENAMED: Final[Mapping[str, Mapping[str, str]]] = {"CreateVolume": {"availabilityZone": "zone"}}
_SECRET: Final = frozenset(("keyMaterial", "passwordData"))
_SETS_OF_ITEM: Final = frozenset(("privateIpAddressesSet",))  # AWS writes `item` here, `items` elsewhere
REMOVED: Final = "<sensitiveDataRemoved>"


def elements(operation: OperationModel, body: bytes) -> dict[str, Any] | None:
    """CloudTrail's responseElements of an answer; None where the body is no XML."""
    try:
        root = parse_xml(body)
    except UnreadableCall:
        return None
    if not is_of_soap_days(operation.name):
        _hide_secrets(root)
        return as_object(root)
    shaped = _structure(operation.name, root, operation.output_shape)
    first = {"requestId": shaped.pop("requestId")} if "requestId" in shaped else {}  # wherever the service put it
    if operation.output_shape is None:
        shaped.setdefault("_return", True)  # EC2 answers these calls with nothing else; imitations may not
    return {**first, **shaped}


def _hide_secrets(root: Element) -> None:
    for element in root.iter():
        if local_name(element.tag) in _SECRET:
            element.text = REMOVED


def _structure(operation: str, element: Element, shape: Shape | None) -> dict[str, Any]:
    members = _members(shape) if isinstance(shape, StructureShape) else {}
    renamed = _RENAMED.get(operation, {})
    shaped: dict[str, Any] = {}
    for child in element:
        name = local_name(child.tag)
        key = "_return" if name == "return" else renamed.get(name, name)
        shaped[key] = _value(operation, name, child, members.get(name))
    return shaped


def _value(operation: str, name: str, element: Element, shape: Shape | None) -> Any:
    if name in _SECRET:
        return REMOVED
    if shape is not None and shape.metadata.get("sensitive"):
        return HIDDEN
    if isinstance(shape, ListShape):
        return _set(operation, name, list(element), shape.member)
    if isinstance(shape, StructureShape):
        return _structure(operation, element, shape)
    children = list(element)
    if children and all(local_name(child.tag) == "item" for child in children):
        return _set(operation, name, children, None)
    if children:
        return _structure(operation, element, None)
    text = element.text or ""
    if shape is None:
        return boolean(text) if text else {}  # newer or older than the model: AWS writes what is empty as a set
    if shape.type_name == "timestamp":
        return epoch_milliseconds(text)
    return text if name in _TEXTS.get(operation, ()) else converter(shape.type_name)(text)


def _set(operation: str, name: str, items: list[Element], member: Shape | None) -> dict[str, Any]:
    if not items:
        return {}
    return {"item" if name in _SETS_OF_ITEM else "items": [_value(operation, "", item, member) for item in items]}


@functools.lru_cache(maxsize=4096)
def _members(shape: StructureShape) -> dict[str, Shape]:
    return {str(member.serialization.get("name", name)): member for name, member in shape.members.items()}
