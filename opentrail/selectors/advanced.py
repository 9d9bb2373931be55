"""Advanced event selectors: from the members of the API to checked values, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentrail import limits
from opentrail.catalog.event_selectors import AdvancedSelector, FieldSelector
from opentrail.selectors.faults import InvalidEventSelectors
from opentrail.selectors.field_rules import TRAIL_FIELDS, FieldRule, FieldsByCategory
from opentrail.selectors.resource_types import is_known_type
from opentrail.telemetry import logger

log = logger("selectors")

OPERATORS: Final = {
    "Equals": "equals",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "NotEquals": "not_equals",
    "NotStartsWith": "not_starts_with",
    "NotEndsWith": "not_ends_with",
}
_OPPOSITES: Final = (("Equals", "NotEquals"), ("StartsWith", "NotStartsWith"), ("EndsWith", "NotEndsWith"))


def read_advanced(
    given: Sequence[Mapping[str, Any]], fields: FieldsByCategory = TRAIL_FIELDS, owner: str = "a trail"
) -> tuple[AdvancedSelector, ...]:
    """The values of `AdvancedEventSelectors` of a trail, or of another owner. Raises InvalidEventSelectors.

    Lengths and patterns of single members are the service model's; what members mean together is checked here.
    """
    if not given:
        raise InvalidEventSelectors("Specify at least one advanced event selector.")
    selectors = tuple(_read(one, fields, owner) for one in given)
    values = sum(len(values) for one in selectors for field in one.field_selectors for values in operands(field))
    if values > limits.ADVANCED_SELECTOR_VALUES:
        raise InvalidEventSelectors(
            f"The total number of values in all advanced event selectors of {owner} cannot exceed "
            f"{limits.ADVANCED_SELECTOR_VALUES}; {values} are given."
        )
    return selectors


def write_advanced(selectors: Sequence[AdvancedSelector]) -> list[dict[str, Any]]:
    """The members of the API; operators without values are left out."""
    return [
        {
            "Name": selector.name,
            "FieldSelectors": [
                {"Field": field.field}
                | {name: list(values) for name, values in zip(OPERATORS, operands(field), strict=True) if values}
                for field in selector.field_selectors
            ],
        }
        for selector in selectors
    ]


def operands(field: FieldSelector) -> tuple[tuple[str, ...], ...]:
    """The values of each operator, in the order of OPERATORS."""
    return tuple(getattr(field, attribute) for attribute in OPERATORS.values())


def _read(given: Mapping[str, Any], allowed: FieldsByCategory, owner: str) -> AdvancedSelector:
    fields = tuple(_read_field(one) for one in given["FieldSelectors"])
    names = [field.field for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise InvalidEventSelectors(f"Field {name} stands in more than one field selector of an event selector.")
    by_name = {field.field: field for field in fields}
    rules = _rules_of(by_name.get("eventCategory"), allowed, owner)
    for name, rule in rules.items():
        if rule.required and name not in by_name:
            raise InvalidEventSelectors(f"Field {name} is required with this eventCategory.")
    for field in fields:
        _check_field(field, rules)
    return AdvancedSelector(fields, given.get("Name"))


def _read_field(given: Mapping[str, Any]) -> FieldSelector:
    values = {attribute: tuple(given.get(name) or ()) for name, attribute in OPERATORS.items()}
    return FieldSelector(given["Field"], **values)


def _rules_of(category: FieldSelector | None, allowed: FieldsByCategory, owner: str) -> Mapping[str, FieldRule]:
    if category is None:
        raise InvalidEventSelectors("Each advanced event selector requires the field eventCategory.")
    rules = allowed.get(category.equals[0]) if len(category.equals) == 1 else None
    if rules is None:
        given = ", ".join(category.equals)
        raise InvalidEventSelectors(f"Value [{given}] of the field eventCategory is not valid for {owner}.")
    return rules


def _check_field(field: FieldSelector, rules: Mapping[str, FieldRule]) -> None:
    name = field.field
    rule = rules.get(name)
    if rule is None:
        raise InvalidEventSelectors(f"Field {name} is not supported with this eventCategory.")
    used = {operator: values for operator, values in zip(OPERATORS, operands(field), strict=True) if values}
    if not used:
        raise InvalidEventSelectors(f"Field {name} has no operator.")
    for operator, values in used.items():
        if operator not in rule.operators:
            raise InvalidEventSelectors(f"Operator {operator} is not supported for the field {name}.")
        if len(set(values)) < len(values):
            raise InvalidEventSelectors(f"Operator {operator} of the field {name} has a value twice.")
        for value in values:
            if not rule.accepts(value):
                raise InvalidEventSelectors(f"Value {value} of the field {name} is not valid.")
    for positive, negative in _OPPOSITES:
        both = set(used.get(positive, ())) & set(used.get(negative, ()))
        if both:
            raise InvalidEventSelectors(f"Field {name} has {min(both)} under {positive} and under {negative}.")
    if rule.single and sum(map(len, used.values())) != 1:
        raise InvalidEventSelectors(f"Field {name} takes exactly one value.")
    if name == "resources.type" and not is_known_type(field.equals[0]):
        log.warning("resource type is not known", action="resource-type-unknown", type=field.equals[0])
