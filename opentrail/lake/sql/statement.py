"""The text of a query: one SELECT of Trino, in which the id of an event data store is a table's name."""

import itertools
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token

from opentrail import limits
from opentrail.lake.sql.faults import NESTED_TOO_DEEPLY, InvalidQueryStatement
from opentrail.lake.sql.store_ids import with_quoted_ids


class LakeTrino(Trino):
    """Trino's grammar with every function left as it is called: what functions mean is said in `functions`."""

    INDEX_OFFSET = 0  # subscripts stay as they are written

    class Parser(TrinoParser):
        """Calls stay calls; only what has a grammar of its own (CAST, EXTRACT, TRIM ..) is more."""

        FUNCTIONS = {}  # noqa: RUF012 - sqlglot's own form
        NO_PAREN_FUNCTION_PARSERS = {  # noqa: RUF012
            name: parser for name, parser in TrinoParser.NO_PAREN_FUNCTION_PARSERS.items() if name in ("CASE", "IF")
        }
        FUNCTION_PARSERS = {
            name: parser
            for name, parser in TrinoParser.FUNCTION_PARSERS.items()
            if name
            in ("CAST", "EXTRACT", "JSON_OBJECT", "JSON_QUERY", "LISTAGG", "POSITION", "SUBSTRING", "TRIM", "TRY_CAST")
        } | {"JSON_VALUE": lambda self: self._parse_json_value(json_path=False)}


@dataclass(frozen=True, slots=True)
class Statement:
    """A query that is one SELECT or a set operation of them."""

    text: str
    tree: exp.Query


def read_statement(text: str) -> Statement:
    """Parse a query. Raises InvalidQueryStatement for anything but one SELECT."""
    if not text.strip():
        raise InvalidQueryStatement("The query is empty")
    if len(text) > limits.QUERY_CHARACTERS:
        raise InvalidQueryStatement(f"The query is longer than {limits.QUERY_CHARACTERS} characters")
    dialect = LakeTrino()
    quoted = with_quoted_ids(text)
    try:
        tokens = dialect.tokenize(quoted)
        _require_single(tokens)
        trees = dialect.parser().parse(tokens, quoted)
    except ParseError as fault:
        raise InvalidQueryStatement(_told(fault, text, quoted)) from fault
    except SqlglotError as fault:  # of the tokenizer, which says no place
        raise InvalidQueryStatement("A text, a quoted name or a comment does not end") from fault
    except RecursionError as fault:
        raise InvalidQueryStatement(NESTED_TOO_DEEPLY) from fault
    found = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(found) != 1 or not isinstance(found[0], exp.Select | exp.SetOperation | exp.Subquery):
        raise InvalidQueryStatement("Only one SELECT statement is supported")
    tree = found[0]
    assert isinstance(tree, exp.Query)
    return Statement(text, tree)


def _require_single(tokens: list[Token]) -> None:
    """sqlglot reads `FROM FROM x` and the like; two key words that begin a clause never stand together."""
    if not tokens or tokens[0].text.upper() not in ("SELECT", "WITH", "("):
        raise InvalidQueryStatement("Only one SELECT statement is supported")
    clauses = {"FROM", "WHERE", "HAVING", "SELECT"}
    for one, following in itertools.pairwise(tokens):
        if one.text.upper() in clauses and following.text.upper() in clauses and one.token_type == following.token_type:
            raise InvalidQueryStatement(f"mismatched input '{following.text}'")


def _told(fault: ParseError, text: str, quoted: str) -> str:
    """What is wrong where, in Trino's words: `line 2:6: mismatched input '<'`."""
    first = fault.errors[0]
    found, line = str(first["highlight"]), int(first["line"])
    column = int(first["col"]) - len(found) + 1
    before = quoted.split("\n")[line - 1][: column - 1]  # of ids, the quotes are not the writer's
    added = before.count('"') - text.split("\n")[line - 1][: len(before)].count('"')
    place = f"line {line}:{max(1, column - added)}: "
    description = str(first["description"])
    if description.startswith("Required keyword"):
        return f"{place}something is missing after '{found}'"
    if description.startswith("Expected TYPE"):
        return f"{place}Unknown type: {found}"
    expecting = description.partition("Expecting ")[2]
    return f"{place}mismatched input '{found}'" + (f". Expecting: '{expecting}'" if expecting else "")
