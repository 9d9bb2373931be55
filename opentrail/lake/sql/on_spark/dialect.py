"""Spark's SQL for types, literals, casts, rows, lambdas and UNNEST."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Dialect, Form, Key, Unnested, unnested_lists
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.on_spark.addresses import address_text, read_address
from opentrail.lake.sql.on_spark.forms import FORMS, items_of_json, scalar_of_json, spark_text
from opentrail.lake.sql.on_spark.functions import TEMPLATES
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.signatures import Signature
from opentrail.lake.sql.types import Type, quoted

_TYPES: Final = {
    "varchar": "STRING", "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT",
    "bigint": "BIGINT", "real": "FLOAT", "double": "DOUBLE", "date": "DATE", "time": "STRING",
    "timestamp": "TIMESTAMP_NTZ", "timestamp with time zone": "TIMESTAMP_NTZ", "varbinary": "BINARY", "json": "STRING",
    "uuid": "STRING", "ipaddress": "BINARY", "unknown": "VOID", "interval day to second": "INTERVAL DAY TO SECOND",
    "interval year to month": "INTERVAL YEAR TO MONTH",
}  # fmt: skip
_MILLISECONDS: Final = "'yyyy-MM-dd HH:mm:ss.SSS'"
_DAYS: Final = {"week": 7, "quarter": 3}


class SparkDialect(Dialect):
    """Writes for Spark; `moment_us` is when the query began."""

    forms: Mapping[str, Form] = FORMS

    def __init__(self, moment_us: int) -> None:
        self._now = f"CAST(timestamp_micros({moment_us}) AS TIMESTAMP_NTZ)"

    def template(self, signature: Signature) -> str | None:
        found = TEMPLATES.get(signature.head)
        return found.replace("{now}", self._now) if found is not None else None

    def type_name(self, one: Type) -> str:
        if one.kind == "array":
            return f"ARRAY<{self.type_name(one.inner[0])}>"
        if one.kind == "map":
            return f"MAP<{self.type_name(one.inner[0])}, {self.type_name(one.inner[1])}>"
        if one.kind == "row":
            members = zip(one.names, one.inner, strict=True)
            return f"STRUCT<{', '.join(f'{quoted(name)}: {self.type_name(inner)}' for name, inner in members)}>"
        if one.kind == "decimal":
            return f"DECIMAL({one.precision[0]}, {one.precision[1]})"
        return _TYPES[one.kind]

    def text(self, value: str) -> str:
        return spark_text(value)

    def bytes(self, value: bytes) -> str:
        return f"X'{value.hex()}'"

    def interval(self, amount: int, unit: str) -> str:
        if unit == "quarter" or unit == "week":
            amount, unit = amount * _DAYS[unit], "month" if unit == "quarter" else "day"
        if unit in ("year", "month"):
            return f"make_ym_interval({amount if unit == 'year' else 0}, {amount if unit == 'month' else 0})"
        if unit == "millisecond":
            return f"make_dt_interval(0, 0, 0, {amount} / 1000.0)"
        place = ("day", "hour", "minute", "second").index(unit)
        return f"make_dt_interval({', '.join(str(amount if number == place else 0) for number in range(4))})"

    def array(self, items: Sequence[str], element: Type) -> str:
        return f"array({', '.join(items)})" if items else f"CAST(array() AS {self.type_name(types.array(element))})"

    def row(self, names: Sequence[str], values: Sequence[str]) -> str:
        pairs = zip(names, values, strict=True)
        return f"named_struct({', '.join(f'{spark_text(name)}, {value}' for name, value in pairs)})"

    def function(self, names: Sequence[str], body: str) -> str:
        return f"{names[0]} -> {body}" if len(names) == 1 else f"({', '.join(names)}) -> {body}"

    def mapped(self, array: str, name: str, body: str) -> str:
        return f"transform({array}, {name} -> {body})"

    def concatenated(self, one: str, other: str) -> str:
        return f"concat({one}, {other})"

    def divided(self, one: str, other: str, to: Type) -> str:
        if to.kind == "decimal":
            return f"CAST(round({one} / {other}, {to.precision[1]}) AS {self.type_name(to)})"
        return f"CAST(({one} div {other}) AS {self.type_name(to)})"

    def moved(self, moment: Typed, operator: str, interval: str) -> str:
        return f"CAST((CAST({moment.sql} AS TIMESTAMP_NTZ) {operator} {interval}) AS {self.type_name(moment.type)})"

    def apart(self, one: str, other: str) -> str:
        return f"(CAST({one} AS TIMESTAMP_NTZ) - CAST({other} AS TIMESTAMP_NTZ))"

    def moment(self, text: str) -> str:
        return f"CAST({text} AS TIMESTAMP_NTZ)"

    def local(self, moment: str, zone: str) -> str:
        return f"convert_timezone('UTC', {spark_text(zone)}, {moment})"

    def of_local(self, shown: str, zone: str) -> str:
        return f"convert_timezone({spark_text(zone)}, 'UTC', {shown})"

    def as_text(self, value: Typed) -> str:
        kind, sql = value.type, value.sql
        if kind == types.TIMESTAMP:
            return f"date_format({sql}, {_MILLISECONDS})"
        if kind == types.ZONED:
            shown = self.local(sql, kind.zone) if kind.zone else sql
            return f"(date_format({shown}, {_MILLISECONDS}) || {spark_text(' ' + (kind.zone or 'UTC'))})"
        if kind == types.JSON:
            return self.scalar_of_json(sql)
        if kind == types.ADDRESS:
            return address_text(sql)
        if kind == types.VARBINARY:
            return f"trim(regexp_replace(lower(hex({sql})), '(..)', '$1 '))"
        if kind == types.INTERVAL:
            micros = f"(unix_micros(CAST(CAST(TIMESTAMP_NTZ'1970-01-01 00:00:00' + abs({sql}) AS TIMESTAMP_NTZ)"
            micros = f"{micros} AS TIMESTAMP)))"
            clock = f"date_format(timestamp_micros({micros} % 86400000000), ' HH:mm:ss.SSS')"
            sign = f"CASE WHEN {sql} < make_dt_interval(0) THEN '-' ELSE '' END"
            return f"({sign} || CAST({micros} div 86400000000 AS STRING) || {clock})"
        if kind == types.MONTHS:
            return f"regexp_extract(CAST({sql} AS STRING), '(-?[0-9]+-[0-9]+)', 1)"
        return f"CAST({sql} AS STRING)"

    def whole_of_text(self, text: str, to: Type, *, attempt: bool) -> str:
        return f"{'TRY_CAST' if attempt else 'CAST'}({text} AS {self.type_name(to)})"

    def address(self, text: str, *, attempt: bool) -> str:
        return read_address(text, attempt=attempt)

    def into_json(self, value: Typed) -> str:
        sql = self.as_text(value) if value.type in (types.TIMESTAMP, types.ZONED) else value.sql
        if value.type.inner:
            return f"to_json({sql})"
        wrapped = f"to_json(array({sql}))"
        return f"CASE WHEN {sql} IS NOT NULL THEN substring({wrapped}, 2, length({wrapped}) - 2) END"

    def scalar_of_json(self, value: str) -> str:
        return scalar_of_json(value)

    def structure_of_json(self, value: str, to: Type, *, attempt: bool) -> str:
        if to == types.array(types.JSON):
            return items_of_json(value)
        if to.kind == "map" and to.inner[1] == types.JSON:
            return f"transform_values(from_json({value}, 'MAP<STRING, VARIANT>'), (k_, v_) -> to_json(v_))"
        return f"from_json({value}, {spark_text(self.type_name(to).replace(chr(34), '`'))})"

    def items_of_json(self, value: str) -> str:
        return items_of_json(value)

    def member_of_json(self, value: str, name: str, place: int) -> str:
        named = f"element_at(filter(json_object_keys({value}), n_ -> lower(n_) = {spark_text(name.lower())}), 1)"
        found = f"to_json(try_element_at(from_json({value}, 'MAP<STRING, VARIANT>'), {named}))"
        placed = f"try_element_at({items_of_json(value)}, {place + 1})"
        return f"CASE WHEN json_object_keys({value}) IS NOT NULL THEN {found} ELSE {placed} END"

    def shown_scalar(self, sql: str, kind: Type) -> str:
        return sql if kind in (types.VARCHAR, types.JSON) else self.as_text(Typed(sql, kind))

    def comma_joined(self, array: str) -> str:
        return f"array_join({array}, ', ')"

    def unnested(self, values: Sequence[Typed], alias: str, *, beside: bool, counted: bool) -> Unnested:
        lists = unnested_lists(values)
        # A missing array beside others is an empty one; all together missing, there are no rows.
        full = [f"coalesce({sql}, CAST(array() AS {self.type_name(types.array(kind))}))" for sql, kind in lists]
        rows = types.array(
            Type("row", tuple(kind for _, kind in lists), tuple(f"u{number}" for number in range(len(lists))))
        )
        zipped = f"CAST(arrays_zip({', '.join(full)}) AS {self.type_name(rows)})"
        columns = [Typed(f'{quoted(alias)}."e"."u{number}"', kind) for number, (_, kind) in enumerate(lists)]
        if counted:
            columns.append(Typed(f'CAST({quoted(alias)}."n" + 1 AS BIGINT)', types.BIGINT))
        return Unnested(f'{"LATERAL " if beside else ""}posexplode({zipped}) AS {quoted(alias)}("n", "e")', columns)

    def ordered_call(self, call: str, keys: Sequence[Key], distinct: bool) -> str:
        inside = call[call.index("struct(") + len("struct(") : call.rindex(" AS v))")]
        if distinct:  # then it is ordered by what it gathers
            listed = f"{call}"
            compared = _compared("a_.v", "b_.v", keys[0], "0")
        else:
            named = ", ".join(f"{key.value.sql} AS k{number}" for number, key in enumerate(keys))
            listed = f"collect_list(struct({inside} AS v, {named}))"
            compared = "0"
            for number, key in reversed(list(enumerate(keys))):
                compared = _compared(f"a_.k{number}", f"b_.k{number}", key, compared)
        return f"array_sort({listed}, (a_, b_) -> {compared})"

    def joined_texts(self, value: str, separator: str, keys: Sequence[Key], distinct: bool) -> str:
        by = f" WITHIN GROUP (ORDER BY {', '.join(key.sql for key in keys)})" if keys else ""
        return f"listagg({'DISTINCT ' if distinct else ''}{value}, {separator}){by}"

    def nulls_passed_over(self, call: str) -> str:
        return f"{call} IGNORE NULLS"

    def quantified(self, one: str, operator: str, word: str, query: str) -> str:
        if operator == "=" and word == "ANY":
            return f"({one} IN ({query}))"
        if operator == "<>" and word == "ALL":
            return f"({one} NOT IN ({query}))"
        raise InvalidQueryStatement(f"{operator} {word} is not there on this engine")


def _compared(one: str, other: str, key: Key, equal: str) -> str:
    """-1, 0 or 1 as the key wants it; `equal` where it does not tell them apart."""
    less, null = ("1", "-1") if key.down else ("-1", "1"), ("-1", "1") if key.nulls_first else ("1", "-1")
    return (
        f"CASE WHEN {one} <=> {other} THEN {equal}"
        f" WHEN {one} IS NULL THEN {null[0]} WHEN {other} IS NULL THEN {null[1]}"
        f" WHEN {one} < {other} THEN {less[0]} ELSE {less[1]} END"
    )
