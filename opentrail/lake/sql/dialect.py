"""The seam between what a query means and how an engine writes it: what every engine must be able to write.

The compiler decides types, names and which signature fits; it asks a dialect for every piece of SQL that engines write
differently. What all of them write alike (operators, CASE, joins, GROUP BY, names in double quotes) it writes itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.signatures import Signature
from opentrail.lake.sql.types import Type, quoted

Body = Callable[[list[Typed]], Typed]


@dataclass(frozen=True, slots=True)
class LambdaForm:
    """A lambda whose argument types are known: as the engine writes it, and to be written with other arguments."""

    sql: str
    type: Type
    body: Body
    literal: None = None

    def applied(self, *arguments: str) -> str:
        """Its body with other expressions in the places of its arguments."""
        values = [Typed(sql, one) for sql, one in zip(arguments, self.type.inner[:-1], strict=True)]
        return self.body(values).sql


Argument = Typed | LambdaForm
Form = Callable[[Sequence[Argument], Type], str]


@dataclass(frozen=True, slots=True)
class Key:
    """A value that something is ordered by."""

    value: Typed
    down: bool
    nulls_first: bool

    @property
    def sql(self) -> str:
        """What stands behind ORDER BY."""
        return f"{self.value.sql} {'DESC' if self.down else 'ASC'} NULLS {'FIRST' if self.nulls_first else 'LAST'}"


@dataclass(frozen=True, slots=True)
class Unnested:
    """UNNEST as a relation: its SQL, and how its columns are named, the ordinality last."""

    sql: str
    columns: Sequence[Typed]


class Dialect(ABC):
    """How one engine writes what the compiler has understood."""

    forms: Mapping[str, Form]  # what no template can say, by the name that stands in the table of functions

    @abstractmethod
    def template(self, signature: Signature) -> str | None:
        """The form of a call; None where the engine has none."""

    @abstractmethod
    def type_name(self, one: Type) -> str:
        """The type that holds such values."""

    @abstractmethod
    def text(self, value: str) -> str:
        """A literal."""

    @abstractmethod
    def bytes(self, value: bytes) -> str:
        """A literal."""

    @abstractmethod
    def interval(self, amount: int, unit: str) -> str:
        """So many of a unit, as a value that moments can be moved by."""

    @abstractmethod
    def array(self, items: Sequence[str], element: Type) -> str:
        """An array of these values."""

    @abstractmethod
    def row(self, names: Sequence[str], values: Sequence[str]) -> str:
        """A row of these values."""

    @abstractmethod
    def function(self, names: Sequence[str], body: str) -> str:
        """A lambda."""

    @abstractmethod
    def mapped(self, array: str, name: str, body: str) -> str:
        """An array with `body` for each of its elements, which is called `name` there."""

    @abstractmethod
    def concatenated(self, one: str, other: str) -> str:
        """Two arrays, one behind the other."""

    @abstractmethod
    def divided(self, one: str, other: str, to: Type) -> str:
        """The quotient of two whole numbers, cut off towards zero, or of two decimals, rounded to the scale of `to`."""

    @abstractmethod
    def moved(self, moment: Typed, operator: str, interval: str) -> str:
        """A moment plus or minus an interval, of the moment's type."""

    @abstractmethod
    def apart(self, one: str, other: str) -> str:
        """The interval between two moments."""

    @abstractmethod
    def moment(self, text: str) -> str:
        """The timestamp that a text says."""

    @abstractmethod
    def local(self, moment: str, zone: str) -> str:
        """What clocks in the zone show at that moment of UTC."""

    @abstractmethod
    def of_local(self, shown: str, zone: str) -> str:
        """The moment of UTC at which clocks in the zone show that."""

    @abstractmethod
    def as_text(self, value: Typed) -> str:
        """A value cast to varchar."""

    @abstractmethod
    def whole_of_text(self, text: str, to: Type, *, attempt: bool) -> str:
        """A text cast to a whole number; `1.5` is none."""

    @abstractmethod
    def address(self, text: str, *, attempt: bool) -> str:
        """A text cast to an IP address, which is 16 bytes; `attempt`: NULL for what is none."""

    @abstractmethod
    def into_json(self, value: Typed) -> str:
        """A value cast to JSON."""

    @abstractmethod
    def scalar_of_json(self, value: str) -> str:
        """The text of a JSON scalar."""

    @abstractmethod
    def structure_of_json(self, value: str, to: Type, *, attempt: bool) -> str:
        """JSON cast to an array or a map that has no rows in it."""

    @abstractmethod
    def items_of_json(self, value: str) -> str:
        """The elements of a JSON array, as an array of JSON."""

    @abstractmethod
    def member_of_json(self, value: str, name: str, place: int) -> str:
        """A member of a JSON object by its name in any case, or of a JSON array by its place from 0, as JSON."""

    @abstractmethod
    def shown_scalar(self, sql: str, kind: Type) -> str:
        """As `shown`, of what is neither array nor map nor row."""

    @abstractmethod
    def comma_joined(self, array: str) -> str:
        """The texts of an array, a comma and a space between them."""

    def shown(self, sql: str, kind: Type) -> str:
        """The value as an answer of AWS has it: a text; NULL stays NULL."""
        if kind.kind == "array":
            element = f"coalesce({self.shown('o_', kind.inner[0])}, 'null')"
            return f"('[' || {self.comma_joined(self.mapped(sql, 'o_', element))} || ']')"
        if kind.kind == "map":
            key, value = self.shown("o_.key", kind.inner[0]), self.shown("o_.value", kind.inner[1])
            entries = self.mapped(f"map_entries({sql})", "o_", f"{key} || '=' || coalesce({value}, 'null')")
            return f"('{{' || {self.comma_joined(entries)} || '}}')"
        if kind.kind == "row":
            parts = []
            for name, inner in zip(kind.names, kind.inner, strict=True):
                member = self.shown(f"({sql}).{quoted(name)}", inner)
                parts.append(f"{self.text(name + '=')} || coalesce({member}, 'null')")
            joined = " || ', ' || ".join(parts)
            return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE '{{' || {joined} || '}}' END)"
        return self.shown_scalar(sql, kind)

    @abstractmethod
    def unnested(self, values: Sequence[Typed], alias: str, *, beside: bool, counted: bool) -> Unnested:
        """UNNEST of arrays and maps, `beside` other relations or alone; `counted`: WITH ORDINALITY.

        It has a column an array, two a map, and the ordinality.
        """

    @abstractmethod
    def ordered_call(self, call: str, keys: Sequence[Key], distinct: bool) -> str:
        """An aggregate that takes its rows in an order."""

    @abstractmethod
    def joined_texts(self, value: str, separator: str, keys: Sequence[Key], distinct: bool) -> str:
        """LISTAGG."""

    @abstractmethod
    def nulls_passed_over(self, call: str) -> str:
        """A call of a window that does not see NULLs."""

    def quantified(self, one: str, operator: str, word: str, query: str) -> str:
        """A comparison with ANY or ALL of a query's values."""
        return f"({one} {operator} {word} ({query}))"


def unnested_lists(values: Sequence[Typed]) -> list[tuple[str, Type]]:
    """The lists that UNNEST of these arrays and maps goes through, each with the type of its elements."""
    lists: list[tuple[str, Type]] = []
    for value in values:
        if value.type.kind == "map":
            key, inner = value.type.inner
            lists += [(f"map_keys({value.sql})", key), (f"map_values({value.sql})", inner)]
        else:
            lists.append((value.sql, value.type.inner[0]))
    return lists


def literal(argument: Argument, what: str) -> str:
    """The text of an argument that must be a literal. Raises InvalidQueryStatement."""
    if argument.literal is None:
        raise InvalidQueryStatement(f"{what} must be a literal")
    return argument.literal


def as_lambda(argument: Argument) -> LambdaForm:
    """The argument where a signature takes a lambda."""
    assert isinstance(argument, LambdaForm)
    return argument
