"""Values of an answer as AWS writes them: all are texts, times with milliseconds, maps and rows as Java prints them."""

from opentrail.lake.sql import types
from opentrail.lake.sql.coercion import cast
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.types import Type, quoted


def as_text(sql: str, kind: Type) -> str:
    """SQL that gives the value of `sql` as a text; NULL stays NULL."""
    if kind.kind == "array":
        inner = as_text("o_", kind.inner[0])
        return f"('[' || array_to_string(list_transform({sql}, lambda o_: coalesce({inner}, 'null')), ', ') || ']')"
    if kind.kind == "map":
        key, value = as_text("o_.key", kind.inner[0]), as_text("o_.value", kind.inner[1])
        entry = f"{key} || '=' || coalesce({value}, 'null')"
        return f"('{{' || array_to_string(list_transform(map_entries({sql}), lambda o_: {entry}), ', ') || '}}')"
    if kind.kind == "row":
        return _row(sql, kind)
    if kind == types.JSON:
        return f"CAST({sql} AS VARCHAR)"
    if kind == types.VARCHAR:
        return sql
    return cast(Typed(sql, kind), types.VARCHAR).sql


def _row(sql: str, kind: Type) -> str:
    parts = []
    for name, inner in zip(kind.names, kind.inner, strict=True):
        text = as_text(f"({sql}).{quoted(name)}", inner)
        parts.append(f"'{name}=' || coalesce({text}, 'null')")
    joined = " || ', ' || ".join(parts)
    return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE '{{' || {joined} || '}}' END)"
