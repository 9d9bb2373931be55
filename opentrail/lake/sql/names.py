"""How the columns of an answer are named: by alias, by the last name as it is written, or `_col0` by position."""

from sqlglot import exp


def shown_name(node: exp.Expr) -> str:
    """The name of one part of the select list; empty where it has none of its own."""
    if isinstance(node, exp.Alias):
        return str(node.alias)
    if isinstance(node, exp.Column):
        return str(node.parts[-1].name)
    if isinstance(node, exp.Dot):
        return str(node.expression.name)
    return ""


def answer_names(names: list[str]) -> list[str]:
    """The names of an answer's columns; what has none is called by its position."""
    return [name or f"_col{number}" for number, name in enumerate(names)]
