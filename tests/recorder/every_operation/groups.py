"""Operations of different services that are the same on the wire, and whose such a call counts as.

Two operations are the same when nothing a client sends tells them apart: protocol, signing name, and of REST method,
path, constants of the query string and required members; of Query action and version; of JSON target and name.
"""

import functools
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from botocore.model import OperationModel

from opentrail.wire.service_models import available_services, service_model, services_signing_as
from tests.recorder.every_operation.sending import Sent

Named = tuple[str, str]  # service, operation


@functools.cache
def groups() -> dict[Named, tuple[Named, ...]]:
    """Every operation that another service has just so, and all of its kind, the one that decides first."""
    alike: dict[tuple[Any, ...], list[Named]] = defaultdict(list)
    for service in sorted(available_services()):
        model = service_model(service)
        for name in model.operation_names:
            alike[_on_the_wire(service, model.operation_model(name))].append((service, name))
    found: dict[Named, tuple[Named, ...]] = {}
    for members in alike.values():
        if len({service for service, _ in members}) > 1:
            order = services_signing_as(service_model(members[0][0]).signing_name)
            ranked = tuple(sorted(members, key=lambda member: order.index(member[0])))
            found |= dict.fromkeys(members, ranked)
    return found


def _on_the_wire(service: str, operation: OperationModel) -> tuple[Any, ...]:
    model = operation.service_model
    protocol, signing = model.resolved_protocol, model.signing_name
    if protocol in ("query", "ec2"):
        return "query", signing, operation.name, model.api_version
    if not protocol.startswith("rest-"):
        return "rpc", model.metadata.get("targetPrefix", service), operation.name
    path, _, query = str(operation.http["requestUri"]).partition("?")
    path = re.sub(r"\{[^}+]*\}", "{}", re.sub(r"\{[^}]*\+\}", "{+}", path.partition("#")[0]))
    shape: Any = operation.input_shape
    body = frozenset()
    if shape is not None and operation.name not in ("TagResource", "UntagResource"):
        body = frozenset(
            str(shape.members[name].serialization.get("name", name))
            for name in shape.required_members
            if "location" not in shape.members[name].serialization
        )
    return "rest", signing, operation.http["method"], path, query, body if service.startswith("lex") else None


def _has_all(named: Named, sent: Sent) -> bool:
    """Whether an operation has the members of the body; without a body the first of the group has it."""
    shape: Any = service_model(named[0]).operation_model(named[1]).input_shape
    given: Any = sent.operation.input_shape
    known = {name.lower(): member.type_name for name, member in (shape.members.items() if shape is not None else ())}
    in_body = {
        name: given.members[name].type_name
        for name in sent.parameters
        if "location" not in given.members[name].serialization
    }
    return sent.protocol == "query" or all(known.get(name.lower()) == kind for name, kind in in_body.items())


def as_decided(sent: Sent) -> Sent:
    """The call as that of the service whose it counts as."""
    group = groups().get((sent.service, sent.operation.name))
    if group is None or group[0] == (sent.service, sent.operation.name):
        return sent
    service, name = next((named for named in group if _has_all(named, sent)), group[0])
    operation = service_model(service).operation_model(name)
    shape: Any = operation.input_shape
    known = {member.lower(): member for member in (shape.members if shape is not None else ())}
    parameters = {known.get(member.lower(), member): value for member, value in sent.parameters.items()}
    return replace(sent, service=service, operation=operation, parameters=parameters)
