"""Which operation a REST request names: method, path template, and what the query string and headers must hold."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel, ServiceModel

from opentrail.wire.protocols.scalars import query_pairs

Labels = dict[str, str]  # label -> raw (still percent-encoded) text


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's place: beyond the path, constants and required members that the request must carry."""

    operation: OperationModel
    labels: tuple[str, ...]
    constants: tuple[tuple[str, str], ...]  # names (and values, where not empty) in the query string
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]  # lower case
    literals: int
    ends_in_slash: bool
    deprecated: bool
    position: int

    def rank(self, path: str) -> tuple[int, int, bool, int, bool, int]:
        """Greater is more specific.

        More fixed path, more conditions, the slash at its end as in `path`, not deprecated, earlier in the model.
        """
        conditions = len(self.constants) + len(self.required_query) + len(self.required_headers)
        same_end = self.ends_in_slash == path.endswith("/")
        return self.literals, conditions, same_end, len(self.constants), not self.deprecated, -self.position

    @property
    def required(self) -> bool:
        """Whether the model requires anything beside the path."""
        return bool(self.required_query or self.required_headers)

    def agrees(self, query: Mapping[str, str]) -> bool:
        """Whether the constants of the template are in the query string."""
        return all(name in query and (not value or query[name] == value) for name, value in self.constants)

    def complete(self, query: Mapping[str, str], headers: Collection[str]) -> bool:
        """Whether every member that the model requires there is in query string and headers."""
        return all(name in query for name in self.required_query) and all(
            name in headers for name in self.required_headers
        )


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    label: "_Node | None" = None
    greedy: dict[tuple[str, ...], list[Route]] = field(default_factory=dict)  # by the steps after a greedy label
    ends: list[Route] = field(default_factory=list)


class Routes:
    """All routes of one service as a tree of path steps for each method."""

    def __init__(self, model: ServiceModel) -> None:
        self._roots: dict[str, _Node] = {}
        for position, name in enumerate(model.operation_names):
            self._add(model.operation_model(name), position)

    def find(
        self, method: str, path: str, query: Mapping[str, str], headers: Collection[str]
    ) -> tuple[Route, Labels] | None:
        """The most specific route of the request, and the raw text of its labels."""
        root = self._roots.get(method)
        if root is None:
            return None
        steps = path.lstrip("/").split("/") if not path.startswith("//") else path[1:].split("/")
        found: list[tuple[Route, tuple[str, ...]]] = []
        _walk(root, steps, 0, (), found)
        if not found and steps[-1] == "":
            _walk(root, steps[:-1], 0, (), found)
        agreeing = [pair for pair in found if not pair[0].constants or (query and pair[0].agrees(query))]
        if len(agreeing) > 1:
            complete = [pair for pair in agreeing if not pair[0].required or pair[0].complete(query, headers)]
            agreeing = complete or agreeing
        if not agreeing:
            return None
        route, values = agreeing[0] if len(agreeing) == 1 else max(agreeing, key=lambda pair: pair[0].rank(path))
        return route, dict(zip(route.labels, values, strict=True))

    def _add(self, operation: OperationModel, position: int) -> None:
        http = operation.http
        template, _, fixed_query = str(http.get("requestUri", "/")).partition("?")
        template = template.split("#", 1)[0]
        steps = template.lstrip("/").split("/")
        while len(steps) > 1 and steps[-1] == "":
            steps.pop()
        route = _route(operation, steps, fixed_query, template.endswith("/"), position)
        node = self._roots.setdefault(str(http.get("method", "POST")), _Node())
        for index, step in enumerate(steps):
            if not _is_label(step):
                node = node.literals.setdefault(step, _Node())
            elif step.endswith("+}"):
                node.greedy.setdefault(tuple(steps[index + 1 :]), []).append(route)
                return
            else:
                node.label = node.label or _Node()
                node = node.label
        node.ends.append(route)


def _route(operation: OperationModel, steps: list[str], fixed_query: str, ends_in_slash: bool, position: int) -> Route:
    required_query, required_headers = [], []
    shape: Any = operation.input_shape
    for name in shape.required_members if shape is not None else ():
        serialization = shape.members[name].serialization
        wire_name = str(serialization.get("name", name))
        if serialization.get("location") == "querystring":
            required_query.append(wire_name)
        elif serialization.get("location") == "header":
            required_headers.append(wire_name.lower())
    return Route(
        operation=operation,
        labels=tuple(step[1:-1].rstrip("+") for step in steps if _is_label(step)),
        constants=tuple(query_pairs(fixed_query)),
        required_query=tuple(required_query),
        required_headers=tuple(required_headers),
        literals=sum(not _is_label(step) for step in steps),
        ends_in_slash=ends_in_slash,
        deprecated=bool(operation.deprecated),
        position=position,
    )


def _is_label(step: str) -> bool:
    return step.startswith("{") and step.endswith("}")


def _walk(
    node: _Node, steps: list[str], index: int, labels: tuple[str, ...], found: list[tuple[Route, tuple[str, ...]]]
) -> None:
    if index == len(steps):
        found.extend((route, labels) for route in node.ends)
        return
    step = steps[index]
    literal = node.literals.get(step)
    if literal is not None:
        _walk(literal, steps, index + 1, labels, found)
    if node.label is not None and step:
        _walk(node.label, steps, index + 1, (*labels, step), found)
    for after, routes in node.greedy.items():
        _greedy(after, routes, steps, index, labels, found)


def _greedy(
    after: tuple[str, ...],
    routes: list[Route],
    steps: list[str],
    index: int,
    labels: tuple[str, ...],
    found: list[tuple[Route, tuple[str, ...]]],
) -> None:
    end = len(steps) - len(after)
    if end <= index:
        return
    rest = list(zip(after, steps[end:], strict=True))
    if any(not _is_label(step) and step != value for step, value in rest):
        return
    value = "/".join(steps[index:end])
    if value:
        values = (*labels, value, *(text for step, text in rest if _is_label(step)))
        found.extend((route, values) for route in routes)
