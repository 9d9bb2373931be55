"""A slow matcher, written down from AWS's text and nothing else: it reads whole records as dictionaries."""

from typing import Any

Record = dict[str, Any]


def selected(record: Record, category: str, selectors: dict[str, Any]) -> bool:
    """Whether the event is logged: any selector matches."""
    if "AdvancedEventSelectors" in selectors:
        return any(advanced(record, category, one) for one in selectors["AdvancedEventSelectors"])
    return any(basic(record, category, one) for one in selectors["EventSelectors"])


def basic(record: Record, category: str, selector: dict[str, Any]) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind == "ReadOnly" and record.get("readOnly") is not True:
        return False
    if kind == "WriteOnly" and record.get("readOnly") is True:
        return False
    if category == "Management":
        excluded = selector.get("ExcludeManagementEventSources", [])
        return bool(selector.get("IncludeManagementEvents", True)) and record.get("eventSource") not in excluded
    if category != "Data":
        return False
    for wanted in selector.get("DataResources", []):
        for resource in record.get("resources") or []:
            if resource.get("type") == wanted["Type"]:
                arn = resource.get("ARN") or resource.get("ARNPrefix") or ""
                if any(meant(wanted["Type"], value, arn) for value in wanted["Values"]):
                    return True
    return False


def meant(kind: str, value: str, arn: str) -> bool:
    if kind == "AWS::S3::Object":
        return value in ("arn:aws:s3", "arn:aws:s3:::") or arn.startswith(value)
    return value in ("arn:aws:lambda", "arn:aws:dynamodb") or arn == value


def advanced(record: Record, category: str, selector: dict[str, Any]) -> bool:
    """All field selectors match."""
    kind = next((one["Equals"][0] for one in selector["FieldSelectors"] if one["Field"] == "resources.type"), None)
    return all(field(record, category, kind, one) for one in selector["FieldSelectors"])


def field(record: Record, category: str, kind: str | None, selector: dict[str, Any]) -> bool:
    name = selector["Field"]
    if name == "eventCategory":
        return holds(selector, category)
    if name == "resources.type":
        return any(one.get("type") == kind for one in record.get("resources") or [])
    if name == "resources.ARN":
        of_kind = [one for one in record.get("resources") or [] if one.get("type") == kind]
        return any(holds(selector, one.get("ARN") or one.get("ARNPrefix")) for one in of_kind)
    if name == "userIdentity.arn":
        return holds(selector, (record.get("userIdentity") or {}).get("arn"))
    value = record.get(name)
    if name == "readOnly":
        value = None if value is None else str(value).lower()
    return holds(selector, value)


def holds(selector: dict[str, Any], value: str | None) -> bool:
    """positive AND negative, as the text has it."""
    positive = [name for name in ("Equals", "StartsWith", "EndsWith") if name in selector]
    if value is None:
        return not positive
    matches = {
        "Equals": lambda one: value == one,
        "StartsWith": lambda one: value.startswith(one),
        "EndsWith": lambda one: value.endswith(one),
    }
    good = not positive or any(matches[name](one) for name in positive for one in selector[name])
    bad = any(matches[name](one) for name in matches for one in selector.get("Not" + name, []))
    return good and not bad
