"""Forms that no template can say on Spark: paths of JSON, formats of times, lambdas over maps."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from opentrail.lake.sql.dialect import Argument, Form, as_lambda, literal
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.intervals import unit
from opentrail.lake.sql.json_paths import engine_path
from opentrail.lake.sql.moments import known_zone
from opentrail.lake.sql.on_spark.addresses import address_within
from opentrail.lake.sql.time_formats import joda_format, mysql_format
from opentrail.lake.sql.types import Type

# What the formats of `time_formats` say, as Java's DateTimeFormatter says it.
_JAVA: Final = {
    "Y": "yyyy", "y": "yy", "m": "MM", "-m": "M", "B": "MMMM", "b": "MMM", "d": "dd", "-d": "d", "j": "DDD",
    "A": "EEEE", "a": "E", "H": "HH", "-H": "H", "I": "hh", "-I": "h", "M": "mm", "-M": "m", "S": "ss", "-S": "s",
    "g": "SSS", "f": "SSSSSS", "p": "a",
}  # fmt: skip
_SPECIFIER: Final = re.compile(r"%(-?[A-Za-z]|%)")
_NAMED: Final = re.compile(r'\."((?:[^"\\]|\\.)*)"')


def spark_text(value: str) -> str:
    """A literal of Spark."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def scalar_of_json(value: str) -> str:
    """The text of a JSON scalar, NULL for anything else."""
    return f"CASE WHEN {value} IS NULL OR ltrim({value}) LIKE '{{%' OR ltrim({value}) LIKE '[%' OR {value} = 'null'" + (
        f" THEN NULL ELSE get_json_object('{{\"v\":' || {value} || '}}', '$.v') END"
    )


def items_of_json(value: str) -> str:
    """The elements of a JSON array, each as JSON."""
    return f"transform(from_json({value}, 'ARRAY<VARIANT>'), v_ -> to_json(v_))"


def _json_parse(arguments: Sequence[Argument], gives: Type) -> str:
    """The text without white space between its tokens; what is no JSON fails."""
    value = arguments[0].sql
    tight = f"CASE WHEN NOT {value} LIKE '\"%' THEN get_json_object({value}, '$') END"
    return f"CASE WHEN parse_json({value}) IS NOT NULL THEN coalesce({tight}, trim({value})) END"


def _json_array_get(arguments: Sequence[Argument], gives: Type) -> str:
    value, place = arguments[0].sql, arguments[1].sql
    number = f"CAST(CASE WHEN {place} < 0 THEN {place} ELSE {place} + 1 END AS INT)"
    return f"nullif(try_element_at({items_of_json(value)}, {number}), 'null')"


def _json_array_contains(arguments: Sequence[Argument], gives: Type) -> str:
    wanted = f"to_json(array({arguments[1].sql}))"
    return f"array_contains({items_of_json(arguments[0].sql)}, substring({wanted}, 2, length({wanted}) - 2))"


def _path(argument: Argument) -> str:
    path = engine_path(literal(argument, "The JSON path"))

    def bracketed(found: re.Match[str]) -> str:
        name = found[1].replace('\\"', '"')
        if "'" in name or "]" in name:
            raise InvalidQueryStatement("A JSON path with ' or ] is not there on this engine")
        return f"['{name}']"

    return _NAMED.sub(bracketed, path)


def _json_extract(arguments: Sequence[Argument], gives: Type) -> str:
    """A part as JSON: texts keep their quotes, which get_json_object takes off."""
    value, path = arguments[0].sql, spark_text(_path(arguments[1]))
    found = f"get_json_object({value}, {path})"
    if "*" in path:
        return found
    kind = f"schema_of_variant(try_variant_get(try_parse_json({value}), {path}, 'variant'))"
    quoted = f"substring(to_json(array({found})), 2, length(to_json(array({found}))) - 2)"
    return f"CASE {kind} WHEN 'STRING' THEN {quoted} WHEN 'VOID' THEN 'null' ELSE {found} END"


def _json_extract_scalar(arguments: Sequence[Argument], gives: Type) -> str:
    value, path = arguments[0].sql, spark_text(_path(arguments[1]))
    kind = f"schema_of_variant(try_variant_get(try_parse_json({value}), {path}, 'variant'))"
    return f"CASE WHEN NOT regexp_like({kind}, '^(OBJECT|ARRAY|VOID)') THEN get_json_object({value}, {path}) END"


def _json_size(arguments: Sequence[Argument], gives: Type) -> str:
    value, path = arguments[0].sql, spark_text(_path(arguments[1]))
    found = f"get_json_object({value}, {path})"
    members = f"coalesce(size(json_object_keys({found})), json_array_length({found}), 0)"
    return f"CAST(CASE WHEN {found} IS NOT NULL THEN {members} END AS BIGINT)"


def _json_exists(arguments: Sequence[Argument], gives: Type) -> str:
    value, path = arguments[0].sql, spark_text(_path(arguments[1]))
    return f"coalesce(try_variant_get(try_parse_json({value}), {path}, 'variant') IS NOT NULL, false)"


def _java(format_text: str) -> str:
    """A format of `time_formats` as a pattern of Java. Raises InvalidQueryStatement where Java has no such thing."""
    parts, last = [], 0
    for found in _SPECIFIER.finditer(format_text):
        parts.append(_quoted(format_text[last : found.start()]))
        if found[1] == "%":
            parts.append("%")
        elif found[1] in _JAVA:
            parts.append(_JAVA[found[1]])
        else:
            raise InvalidQueryStatement(f"%{found[1]} in a format of times is not there on this engine")
        last = found.end()
    parts.append(_quoted(format_text[last:]))
    return spark_text("".join(parts))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if re.search(r"[A-Za-z']", text) else text


def _formatted(read: Callable[[str], str]) -> Form:
    def form(arguments: Sequence[Argument], gives: Type) -> str:
        pattern = _java(read(literal(arguments[1], "The format")))
        return f"date_format(CAST({arguments[0].sql} AS TIMESTAMP_NTZ), {pattern})"

    return form


def _parsed(read: Callable[[str], str]) -> Form:
    def form(arguments: Sequence[Argument], gives: Type) -> str:
        pattern = _java(read(literal(arguments[1], "The format")))
        return f"to_timestamp_ntz({arguments[0].sql}, {pattern})"

    return form


def _moved(arguments: Sequence[Argument], gives: Type) -> str:
    one = unit(literal(arguments[0], "The unit"))
    moved = f"timestampadd({one.upper()}, CAST({arguments[1].sql} AS INT), CAST({arguments[2].sql} AS TIMESTAMP_NTZ))"
    return f"CAST({moved} AS {'DATE' if gives.kind == 'date' else 'TIMESTAMP_NTZ'})"


def _apart(arguments: Sequence[Argument], gives: Type) -> str:
    one = unit(literal(arguments[0], "The unit"))
    sides = ", ".join(f"CAST({side.sql} AS TIMESTAMP_NTZ)" for side in arguments[1:])
    return f"timestampdiff({one.upper()}, {sides})"


def _cut(arguments: Sequence[Argument], gives: Type) -> str:
    one = spark_text(unit(literal(arguments[0], "The unit")))
    zone, shown = arguments[1].type.zone, f"CAST({arguments[1].sql} AS TIMESTAMP)"
    if zone:
        shown = f"CAST(convert_timezone('UTC', {spark_text(zone)}, {arguments[1].sql}) AS TIMESTAMP)"
    cut = f"CAST(date_trunc({one}, {shown}) AS TIMESTAMP_NTZ)"
    if zone:
        cut = f"convert_timezone({spark_text(zone)}, 'UTC', {cut})"
    return f"CAST({cut} AS DATE)" if gives.kind == "date" else cut


def _with_timezone(arguments: Sequence[Argument], gives: Type) -> str:
    return f"convert_timezone({spark_text(known_zone(literal(arguments[1], 'The zone')))}, 'UTC', {arguments[0].sql})"


def _extreme(name: str) -> Form:
    """Unlike the engine's, Trino's `greatest` and `least` are NULL where one argument is."""

    def form(arguments: Sequence[Argument], gives: Type) -> str:
        if len(arguments) == 1:
            return arguments[0].sql
        missing = " OR ".join(f"{one.sql} IS NULL" for one in arguments)
        return f"(CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(one.sql for one in arguments)}) END)"

    return form


def _zip(arguments: Sequence[Argument], gives: Type) -> str:
    names = ", ".join(f"'field{number}', z_['{number}']" for number in range(len(arguments)))
    zipped = ", ".join(f"transform({one.sql}, x_ -> x_)" for one in arguments)
    return f"transform(arrays_zip({zipped}), z_ -> named_struct({names}))"


def _regexp_replaced(arguments: Sequence[Argument], gives: Type) -> str:
    return f"regexp_replace({arguments[0].sql}, {arguments[1].sql}, {arguments[2].sql})"


def _joined(arguments: Sequence[Argument], gives: Type) -> str:
    return f"({' || '.join(one.sql for one in arguments)})"


def _transform_keys(arguments: Sequence[Argument], gives: Type) -> str:
    body = as_lambda(arguments[1]).applied("e_.key", "e_.value")
    return f"map_from_entries(transform(map_entries({arguments[0].sql}), e_ -> struct({body}, e_.value)))"


def _substr(arguments: Sequence[Argument], gives: Type) -> str:
    text, start = arguments[0].sql, arguments[1].sql
    outside = f"{start} = 0 OR abs({start}) > length({text})"
    length = ""
    if len(arguments) > 2:
        outside = f"{outside} OR {arguments[2].sql} <= 0"
        length = f", CAST({arguments[2].sql} AS INT)"
    return f"CASE WHEN {outside} THEN '' ELSE substring({text}, CAST({start} AS INT){length}) END"


def _regexp_group(arguments: Sequence[Argument], gives: Type) -> str:
    text, pattern, group = (one.sql for one in arguments)
    return f"CASE WHEN regexp_like({text}, {pattern}) THEN regexp_extract({text}, {pattern}, CAST({group} AS INT)) END"


def _address_within(arguments: Sequence[Argument], gives: Type) -> str:
    network, address = (one.sql for one in arguments)
    return address_within(network, address)


def _map_concat(arguments: Sequence[Argument], gives: Type) -> str:
    one, other = (part.sql for part in arguments)
    kept = f"filter(map_entries({one}), e_ -> NOT map_contains_key({other}, e_.key))"
    return f"map_from_entries(concat({kept}, map_entries({other})))"


def _map_entries(arguments: Sequence[Argument], gives: Type) -> str:
    row = "named_struct('field0', e_.key, 'field1', e_.value)"
    return f"transform(map_entries({arguments[0].sql}), e_ -> {row})"


def _histogram(arguments: Sequence[Argument], gives: Type) -> str:
    listed = f"collect_list({arguments[0].sql})"
    counted = f"struct(k_, CAST(size(filter({listed}, x_ -> x_ = k_)) AS BIGINT))"
    return f"map_from_entries(transform(array_sort(array_distinct({listed})), k_ -> {counted}))"


def _json_array_contains_number(arguments: Sequence[Argument], gives: Type) -> str:
    numbers = f"transform({items_of_json(arguments[0].sql)}, x_ -> TRY_CAST(x_ AS DOUBLE))"
    return f"coalesce(array_contains({numbers}, CAST({arguments[1].sql} AS DOUBLE)), false)"


def _typeof(arguments: Sequence[Argument], gives: Type) -> str:
    return spark_text(str(arguments[0].type))


FORMS: Final[Mapping[str, Form]] = {
    "json_extract": _json_extract,
    "json_query": _json_extract,
    "json_extract_scalar": _json_extract_scalar,
    "json_size": _json_size,
    "json_parse": _json_parse,
    "json_array_get": _json_array_get,
    "json_array_contains": _json_array_contains,
    "json_exists": _json_exists,
    "mysql_format": _formatted(mysql_format),
    "mysql_parse": _parsed(mysql_format),
    "joda_format": _formatted(joda_format),
    "joda_parse": _parsed(lambda text: joda_format(text, to_read=True)),
    "date_trunc": _cut,
    "moved": _moved,
    "apart": _apart,
    "with_timezone": _with_timezone,
    "zip_": _zip,
    "transform_keys": _transform_keys,
    "typeof_": _typeof,
    "substr": _substr,
    "regexp_group": _regexp_group,
    "address_within": _address_within,
    "map_concat": _map_concat,
    "map_entries": _map_entries,
    "histogram": _histogram,
    "json_array_contains_number": _json_array_contains_number,
    "joined": _joined,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
}
