"""Event selectors compiled: what each kind asks of an event's fields, as closures that are made once.

A predicate gets the fields of an event and the resources it touches; resources are looked at for data events alone.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final

from opentrail.catalog.event_selectors import AdvancedSelector, BasicSelector, FieldSelector, Selectors
from opentrail.selectors.basic import S3_OBJECT, is_all_of
from opentrail.selectors.events import EventFields, Touched

Predicate = Callable[[EventFields, Touched], bool]
Test = Callable[[str | None], bool]


def always(fields: EventFields, touched: Touched) -> bool:
    """Whatever the event is."""
    return True


def predicates(selectors: Selectors) -> dict[str, Predicate]:
    """For each category that is selected from, what an event of it must satisfy."""
    by_category: dict[str, list[Predicate]] = {}
    for basic in selectors.basic:
        for category, predicate in _of_basic(basic).items():
            by_category.setdefault(category, []).append(predicate)
    for advanced in selectors.advanced:
        category = next(field.equals[0] for field in advanced.field_selectors if field.field == "eventCategory")
        by_category.setdefault(category, []).append(_of_advanced(advanced))
    return {category: _any_of(found) for category, found in by_category.items()}


def _any_of(found: Sequence[Predicate]) -> Predicate:
    if always in found:
        return always
    if len(found) == 1:
        return found[0]

    def any_holds(fields: EventFields, touched: Touched) -> bool:
        for predicate in found:  # noqa: SIM110 - a generator costs as much as the predicates
            if predicate(fields, touched):
                return True
        return False

    return any_holds


def _all_of(found: Sequence[Predicate]) -> Predicate:
    if not found:
        return always
    if len(found) == 1:
        return found[0]
    first, *rest = found

    def all_hold(fields: EventFields, touched: Touched) -> bool:
        if not first(fields, touched):
            return False
        for predicate in rest:  # noqa: SIM110 - a generator costs as much as the predicates
            if not predicate(fields, touched):
                return False
        return True

    return all_hold


# Basic selectors


def _of_basic(selector: BasicSelector) -> dict[str, Predicate]:
    of_calls = _reads_or_writes(selector.read_write_type)
    found: dict[str, Predicate] = {}
    if selector.include_management_events:
        excluded = frozenset(selector.exclude_management_event_sources)
        not_excluded = [_source_not_in(excluded)] if excluded else []
        found["Management"] = _all_of([*of_calls, *not_excluded])
    resources = [_touches(one.type, one.values) for one in selector.data_resources]
    if resources:
        found["Data"] = _all_of([*of_calls, _any_of(resources)])
    return found


def _reads_or_writes(kind: str) -> list[Predicate]:
    """A call that does not say what it is counts as a write: those are not to be missed."""
    if kind == "ReadOnly":
        return [lambda fields, touched: fields.readOnly is True]
    if kind == "WriteOnly":
        return [lambda fields, touched: fields.readOnly is not True]
    return []


def _source_not_in(excluded: frozenset[str]) -> Predicate:
    return lambda fields, touched: fields.eventSource not in excluded


def _touches(kind: str, values: Sequence[str]) -> Predicate:
    """Whether a resource of the type is meant by any value: all of them, a beginning (S3), or exactly one."""
    if any(is_all_of(kind, value) for value in values):
        return _some_resource(kind, _anything)
    if kind == S3_OBJECT:
        beginnings = tuple(values)
        return _some_resource(kind, lambda arn: arn is not None and arn.startswith(beginnings))
    return _some_resource(kind, frozenset(values).__contains__)


def _some_resource(kind: str, test: Test) -> Predicate:
    def some_holds(fields: EventFields, touched: Touched) -> bool:
        for of_type, arn in touched:  # noqa: SIM110 - as above
            if of_type == kind and test(arn):
                return True
        return False

    return some_holds


def _anything(value: str | None) -> bool:
    return True


# Advanced selectors

_READ_ONLY_TEXTS: Final = {True: "true", False: "false", None: None}
_PLAIN: Final[dict[str, Callable[[EventFields], str | None]]] = {
    "eventSource": attrgetter("eventSource"),
    "eventName": attrgetter("eventName"),
    "eventType": attrgetter("eventType"),
    "errorCode": attrgetter("errorCode"),
    "vpcEndpointId": attrgetter("vpcEndpointId"),
    "sessionCredentialFromConsole": attrgetter("sessionCredentialFromConsole"),
    "readOnly": lambda fields: _READ_ONLY_TEXTS[fields.readOnly],
    "userIdentity.arn": lambda fields: None if fields.userIdentity is None else fields.userIdentity.arn,
}


def _of_advanced(selector: AdvancedSelector) -> Predicate:
    by_name = {field.field: field for field in selector.field_selectors}
    wanted = [_of_field(field) for name, field in by_name.items() if name in _PLAIN]
    kind = by_name.get("resources.type")
    if kind is not None:
        arns = by_name.get("resources.ARN")
        wanted.append(_some_resource(kind.equals[0], _anything if arns is None else _test(arns)))
    return _all_of(wanted)


def _of_field(selector: FieldSelector) -> Predicate:
    read, test = _PLAIN[selector.field], _test(selector)
    return lambda fields, touched: test(read(fields))


def _test(selector: FieldSelector) -> Test:
    """What one value must be. A field that is missing passes what is negative and fails what is positive."""
    equals, not_equals = frozenset(selector.equals), frozenset(selector.not_equals)
    starts, ends = selector.starts_with, selector.ends_with
    not_starts, not_ends = selector.not_starts_with, selector.not_ends_with
    affixes = bool(starts or ends)
    negative = bool(not_equals or not_starts or not_ends)
    positive = bool(equals) or affixes
    if not negative and not affixes:
        return equals.__contains__

    def test(value: str | None) -> bool:
        if value is None:
            return not positive
        if positive and not (value in equals or (affixes and (value.startswith(starts) or value.endswith(ends)))):
            return False
        return not (negative and (value in not_equals or value.startswith(not_starts) or value.endswith(not_ends)))

    return test
