"""What LookupEvents derives from a record: the user name and the resources."""

from opentrail.record.view import RecordView


def username(view: RecordView) -> str | None:
    """The user name that LookupEvents shows, or None where it shows none."""
    return None


def resources(view: RecordView) -> list[tuple[str | None, str]]:
    """(ResourceType or None, ResourceName), grouped by type, without repetition, at most limits.LISTED_RESOURCES."""
    return []
