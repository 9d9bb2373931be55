"""Templates of Spark by signature. `=` says that the call is written as on the other engine."""

from collections.abc import Mapping
from typing import Final

from opentrail.lake.sql.functions import AGGREGATES, SCALARS, WINDOWS

_SCALARS: Final = r"""
abs(T) : =
ceil(T) : CAST(ceil({0}) AS {type})
ceiling(T) : CAST(ceil({0}) AS {type})
floor(T) : CAST(floor({0}) AS {type})
round(whole) : =
round(decimal) : round({0})
round(decimal, whole) : CAST(round({0}, CAST({1} AS INT)) AS {type})
round(number) : round(CAST({0} AS DOUBLE))
round(number, whole) : round(CAST({0} AS DOUBLE), CAST({1} AS INT))
truncate(number) : CAST(CASE WHEN {0} < 0 THEN ceil({0}) ELSE floor({0}) END AS DOUBLE)
sign(T) : CAST(signum({0}) AS {type})
mod(whole, whole) : =
mod(number, number) : CAST(({0} % {1}) AS DOUBLE)
power(number, number) : pow({0}, {1})
pow(number, number) : =
sqrt(number) : =
cbrt(number) : cbrt({0})
exp(number) : =
ln(number) : =
log(number, number) : log({0}, {1})
log2(number) : =
log10(number) : =
pi() : =
e() : =
degrees(number) : =
radians(number) : =
sin(number) : =
cos(number) : =
tan(number) : =
asin(number) : =
acos(number) : =
atan(number) : =
atan2(number, number) : =
sinh(number) : =
cosh(number) : =
tanh(number) : =
infinity() : CAST('Infinity' AS DOUBLE)
nan() : CAST('NaN' AS DOUBLE)
is_nan(number) : isnan(CAST({0} AS DOUBLE))
is_infinite(number) : (abs(CAST({0} AS DOUBLE)) = CAST('Infinity' AS DOUBLE))
is_finite(number) : (abs(CAST({0} AS DOUBLE)) < CAST('Infinity' AS DOUBLE))
rand() : rand()
random() : rand()
random(whole) : CAST(floor(rand() * {0}) AS BIGINT)
bitwise_and(whole, whole) : =
bitwise_or(whole, whole) : =
bitwise_xor(whole, whole) : ({0} ^ {1})
bitwise_not(whole) : =
bitwise_left_shift(whole, whole) : shiftleft(CAST({0} AS BIGINT), CAST({1} AS INT))
bitwise_right_shift(whole, whole) : shiftrightunsigned(CAST({0} AS BIGINT), CAST({1} AS INT))
bitwise_right_shift_arithmetic(whole, whole) : shiftright(CAST({0} AS BIGINT), CAST({1} AS INT))
bit_count(whole, whole) : CAST(bit_count({0}) AS BIGINT)
from_base(varchar, whole) : CAST(conv({0}, CAST({1} AS INT), 10) AS BIGINT)
to_base(whole, whole) : lower(conv({0}, 10, CAST({1} AS INT)))
greatest(T ..) : greatest
least(T ..) : least
coalesce(T ..) : =
nullif(T, T) : =

lower(varchar) : =
upper(varchar) : =
length(varchar) : CAST(length({0}) AS BIGINT)
length(varbinary) : CAST(octet_length({0}) AS BIGINT)
concat(varchar, varchar ..) : joined
concat(array(T), array(T)) : concat({0}, {1})
concat(array(T), array(T), array(T)) : concat({0}, {1}, {2})
concat_ws(varchar, varchar ..) : =
concat_ws(varchar, array(varchar)) : array_join({1}, {0})
substr(varchar, bigint) : substr
substr(varchar, bigint, bigint) : substr
substring(varchar, bigint) : substr
substring(varchar, bigint, bigint) : substr
replace(varchar, varchar) : replace({0}, {1}, '')
replace(varchar, varchar, varchar) : =
reverse(varchar) : =
reverse(array(T)) : reverse({0})
trim(varchar) : =
ltrim(varchar) : =
rtrim(varchar) : =
trim(varchar, varchar) : trim(BOTH {1} FROM {0})
ltrim(varchar, varchar) : trim(LEADING {1} FROM {0})
rtrim(varchar, varchar) : trim(TRAILING {1} FROM {0})
lpad(varchar, bigint, varchar) : lpad({0}, CAST({1} AS INT), {2})
rpad(varchar, bigint, varchar) : rpad({0}, CAST({1} AS INT), {2})
strpos(varchar, varchar) : CAST(instr({0}, {1}) AS BIGINT)
index(varchar, varchar) : CAST(instr({0}, {1}) AS BIGINT)
position(varchar, varchar) : CAST(instr({1}, {0}) AS BIGINT)
starts_with(varchar, varchar) : startswith({0}, {1})
ends_with(varchar, varchar) : endswith({0}, {1})
split(varchar, varchar) : split({0}, '\\Q' || {1} || '\\E')
split(varchar, varchar, bigint) : split({0}, '\\Q' || {1} || '\\E', CAST({2} AS INT))
split_part(varchar, varchar, bigint) : try_element_at(split({0}, '\\Q' || {1} || '\\E'), CAST({2} AS INT))
split_to_map(varchar, varchar, varchar) : str_to_map({0}, '\\Q' || {1} || '\\E', '\\Q' || {2} || '\\E')
chr(bigint) : chr({0})
codepoint(varchar) : ascii({0})
translate(varchar, varchar, varchar) : =
levenshtein_distance(varchar, varchar) : CAST(levenshtein({0}, {1}) AS BIGINT)
soundex(varchar) : soundex({0})
luhn_check(varchar) : luhn_check({0})
title_case(varchar) : initcap({0})
to_utf8(varchar) : encode({0}, 'UTF-8')
from_utf8(varbinary) : decode({0}, 'UTF-8')
format(varchar, any ..) : format_string({*})
uuid() : uuid()
typeof(any) : typeof_
regexp_like(varchar, varchar) : regexp_like({0}, {1})
regexp_extract(varchar, varchar) : CASE WHEN regexp_like({0}, {1}) THEN regexp_extract({0}, {1}, 0) END
regexp_extract(varchar, varchar, bigint) : regexp_group
regexp_extract_all(varchar, varchar) : regexp_extract_all({0}, {1}, 0)
regexp_extract_all(varchar, varchar, bigint) : regexp_extract_all({0}, {1}, CAST({2} AS INT))
regexp_replace(varchar, varchar) : regexp_replace({0}, {1}, '')
regexp_replace(varchar, varchar, varchar) : regexp_replace({0}, {1}, {2})
regexp_split(varchar, varchar) : split({0}, {1})
regexp_count(varchar, varchar) : CAST(regexp_count({0}, {1}) AS BIGINT)
to_base64(varbinary) : base64({0})
from_base64(varchar) : unbase64({0})
to_base64url(varbinary) : translate(base64({0}), '+/', '-_')
from_base64url(varchar) : unbase64(translate({0}, '-_', '+/'))
to_hex(varbinary) : hex({0})
from_hex(varchar) : unhex({0})
md5(varbinary) : unhex(md5({0}))
sha1(varbinary) : unhex(sha1({0}))
sha256(varbinary) : unhex(sha2({0}, 256))
to_big_endian_64(bigint) : unhex(lpad(hex({0}), 16, '0'))
url_extract_host(varchar) : try_parse_url({0}, 'HOST')
url_extract_path(varchar) : try_parse_url({0}, 'PATH')
url_extract_protocol(varchar) : try_parse_url({0}, 'PROTOCOL')
url_extract_query(varchar) : try_parse_url({0}, 'QUERY')
url_extract_fragment(varchar) : try_parse_url({0}, 'REF')
url_extract_port(varchar) : TRY_CAST(nullif(regexp_extract({0}, '://[^/?#]*:([0-9]+)', 1), '') AS BIGINT)
url_extract_parameter(varchar, varchar) : url_decode(try_parse_url({0}, 'QUERY', {1}))
url_encode(varchar) : replace(url_encode({0}), '+', '%20')
url_decode(varchar) : url_decode({0})
contains(varchar, ipaddress) : address_within

now() : {now}
current_timestamp() : {now}
current_timestamp(bigint) : {now}
localtimestamp() : {now}
localtimestamp(bigint) : {now}
current_date() : CAST({now} AS DATE)
current_timezone() : =
date(varchar) : =
date(moment) : =
date_trunc(varchar, date) : date_trunc
date_trunc(varchar, timestamp) : date_trunc
date_trunc(varchar, zoned) : date_trunc
date_add(varchar, bigint, date) : moved
date_add(varchar, bigint, timestamp) : moved
date_add(varchar, bigint, zoned) : moved
date_diff(varchar, moment, moment) : apart
year(moment) : CAST(year({0}) AS BIGINT)
quarter(moment) : CAST(quarter({0}) AS BIGINT)
month(moment) : CAST(month({0}) AS BIGINT)
week(moment) : CAST(weekofyear({0}) AS BIGINT)
week_of_year(moment) : CAST(weekofyear({0}) AS BIGINT)
year_of_week(moment) : CAST(extract(YEAROFWEEK FROM {0}) AS BIGINT)
yow(moment) : CAST(extract(YEAROFWEEK FROM {0}) AS BIGINT)
day(moment) : CAST(day({0}) AS BIGINT)
day_of_month(moment) : CAST(day({0}) AS BIGINT)
day_of_week(moment) : CAST(extract(DAYOFWEEK_ISO FROM {0}) AS BIGINT)
dow(moment) : CAST(extract(DAYOFWEEK_ISO FROM {0}) AS BIGINT)
day_of_year(moment) : CAST(dayofyear({0}) AS BIGINT)
doy(moment) : CAST(dayofyear({0}) AS BIGINT)
hour(moment) : CAST(hour({0}) AS BIGINT)
minute(moment) : CAST(minute({0}) AS BIGINT)
second(moment) : CAST(second({0}) AS BIGINT)
millisecond(moment) : CAST(date_format({0}, 'SSS') AS BIGINT)
timezone_hour(zoned) : =
timezone_minute(zoned) : =
last_day_of_month(moment) : last_day({0})
from_unixtime(number) : CAST(timestamp_micros(CAST(round({0} * 1000000) AS BIGINT)) AS TIMESTAMP_NTZ)
from_unixtime_nanos(number) : CAST(timestamp_micros(CAST({0} div 1000 AS BIGINT)) AS TIMESTAMP_NTZ)
to_unixtime(moment) : (unix_micros(CAST(CAST({0} AS TIMESTAMP_NTZ) AS TIMESTAMP)) / 1e6D)
from_iso8601_timestamp(varchar) : CAST({0} AS TIMESTAMP_NTZ)
from_iso8601_timestamp_nanos(varchar) : CAST({0} AS TIMESTAMP_NTZ)
from_iso8601_date(varchar) : CAST({0} AS DATE)
to_iso8601(date) : date_format({0}, 'yyyy-MM-dd')
to_iso8601(timestamp) : date_format({0}, 'yyyy-MM-dd''T''HH:mm:ss.SSS')
to_iso8601(zoned) : date_format({0}, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
date_format(moment, varchar) : mysql_format
date_parse(varchar, varchar) : mysql_parse
format_datetime(moment, varchar) : joda_format
parse_datetime(varchar, varchar) : joda_parse
at_timezone(zoned, varchar) : =
with_timezone(timestamp, varchar) : with_timezone

cardinality(array(T)) : CAST(size({0}) AS BIGINT)
cardinality(map(K, V)) : CAST(size({0}) AS BIGINT)
element_at(array(T), bigint) : try_element_at({0}, CAST({1} AS INT))
element_at(map(K, V), K) : try_element_at({0}, {1})
contains(array(T), T) : array_contains({0}, {1})
array_position(array(T), T) : CAST(array_position({0}, {1}) AS BIGINT)
array_distinct(array(T)) : array_distinct({0})
array_max(array(T)) : CASE WHEN NOT "exists"({0}, x_ -> x_ IS NULL) THEN array_max({0}) END
array_min(array(T)) : CASE WHEN NOT "exists"({0}, x_ -> x_ IS NULL) THEN array_min({0}) END
array_sort(array(T)) : array_sort({0})
array_sort(array(T), function(T, T, whole)) : array_sort({0}, {1})
array_join(array(T), varchar) : array_join({0}, {1})
array_join(array(T), varchar, varchar) : array_join({0}, {1}, {2})
array_remove(array(T), T) : filter({0}, x_ -> NOT (x_ <=> {1}))
array_union(array(T), array(T)) : array_union({0}, {1})
array_intersect(array(T), array(T)) : array_intersect({0}, {1})
array_except(array(T), array(T)) : array_except({0}, {1})
arrays_overlap(array(T), array(T)) : arrays_overlap({0}, {1})
array_first(array(T)) : try_element_at({0}, 1)
array_last(array(T)) : try_element_at({0}, -1)
slice(array(T), bigint, bigint) : slice({0}, CAST({1} AS INT), CAST({2} AS INT))
trim_array(array(T), bigint) : slice({0}, 1, CAST(size({0}) - {1} AS INT))
flatten(array(array(T))) : =
repeat(T, bigint) : array_repeat({0}, CAST({1} AS INT))
sequence(bigint, bigint) : sequence(CAST({0} AS BIGINT), CAST({1} AS BIGINT))
sequence(bigint, bigint, bigint) : sequence(CAST({0} AS BIGINT), CAST({1} AS BIGINT), CAST({2} AS BIGINT))
sequence(date, date) : sequence({0}, {1}, INTERVAL '1' DAY)
sequence(date, date, interval) : sequence({0}, {1}, {2})
sequence(timestamp, timestamp, interval) : sequence({0}, {1}, {2})
zip(array(T), array(S)) : zip_
zip(array(T), array(S), array(R)) : zip_
map() : CAST(map() AS MAP<STRING, STRING>)
map(array(K), array(V)) : map_from_arrays({0}, {1})
map_keys(map(K, V)) : =
map_values(map(K, V)) : =
map_entries(map(K, V)) : map_entries
map_from_entries(array(row(K, V))) : map_from_entries({0})
map_concat(map(K, V), map(K, V)) : map_concat
transform(array(T), function(T, R)) : transform({0}, {1})
filter(array(T), function(T, boolean)) : filter({0}, {1})
any_match(array(T), function(T, boolean)) : "exists"({0}, {1})
all_match(array(T), function(T, boolean)) : forall({0}, {1})
none_match(array(T), function(T, boolean)) : NOT "exists"({0}, {1})
find_first(array(T), function(T, boolean)) : try_element_at(filter({0}, {1}), 1)
reduce(array(T), S, function(S, T, S), function(S, R)) : aggregate({0}, {1}, {2}, {3})
zip_with(array(T), array(S), function(T, S, R)) : zip_with({0}, {1}, {2})
map_filter(map(K, V), function(K, V, boolean)) : map_filter({0}, {1})
transform_keys(map(K, V), function(K, V, R)) : transform_keys({0}, {1})
transform_values(map(K, V), function(K, V, R)) : transform_values({0}, {1})
map_zip_with(map(K, V), map(K, S), function(K, V, S, R)) : map_zip_with({0}, {1}, {2})

json_parse(varchar) : json_parse
json_format(json) : {0}
json_extract(json, varchar) : json_extract
json_extract(varchar, varchar) : json_extract
json_extract_scalar(json, varchar) : json_extract_scalar
json_extract_scalar(varchar, varchar) : json_extract_scalar
json_query(json, varchar) : json_query
json_query(varchar, varchar) : json_query
json_exists(json, varchar) : json_exists
json_exists(varchar, varchar) : json_exists
json_size(json, varchar) : json_size
json_size(varchar, varchar) : json_size
json_array_length(json) : CAST(json_array_length({0}) AS BIGINT)
json_array_length(varchar) : CAST(json_array_length({0}) AS BIGINT)
json_array_get(json, bigint) : json_array_get
json_array_get(varchar, bigint) : json_array_get
json_array_contains(json, varchar) : json_array_contains
json_array_contains(varchar, varchar) : json_array_contains
json_array_contains(varchar, boolean) : json_array_contains
json_array_contains(varchar, number) : json_array_contains_number
is_json_scalar(json) : CASE WHEN try_parse_json({0}) IS NOT NULL THEN NOT regexp_like({0}, '^\\s*[\\[{]') END
is_json_scalar(varchar) : CASE WHEN try_parse_json({0}) IS NOT NULL THEN NOT regexp_like({0}, '^\\s*[\\[{]') END
"""

_AGGREGATES: Final = r"""
count(any) : =
count_if(boolean) : count_if({0})
sum(whole) : sum({0})
sum(decimal) : =
sum(real) : =
sum(double) : =
avg(decimal) : CAST(<<avg({0})>> AS {type})
avg(number) : avg(CAST({0} AS DOUBLE))
min(T) : =
max(T) : =
min_by(T, K) : min_by({0}, {1})
max_by(T, K) : max_by({0}, {1})
arbitrary(T) : any_value({0}, true)
any_value(T) : any_value({0}, true)
array_agg(T) : nullif(transform(<<collect_list(struct({0} AS v))>>, s_ -> s_.v), array())
set_agg(T) : collect_set({0})
map_agg(K, V) : map_from_entries(filter(array_sort(<<collect_set(struct({0} k, {1} v))>>), s_ -> s_.k IS NOT NULL))
histogram(T) : histogram
approx_distinct(any) : approx_count_distinct({0})
approx_distinct(any, double) : approx_count_distinct({0})
approx_percentile(T, double) : percentile_approx({0}, CAST({1} AS DOUBLE))
bool_and(boolean) : =
bool_or(boolean) : =
every(boolean) : bool_and({0})
bitwise_and_agg(whole) : CAST(<<bit_and({0})>> AS BIGINT)
bitwise_or_agg(whole) : CAST(<<bit_or({0})>> AS BIGINT)
bitwise_xor_agg(whole) : CAST(<<bit_xor({0})>> AS BIGINT)
stddev(number) : stddev_samp({0})
stddev_samp(number) : =
stddev_pop(number) : =
variance(number) : var_samp({0})
var_samp(number) : =
var_pop(number) : =
skewness(number) : =
kurtosis(number) : =
corr(number, number) : =
covar_pop(number, number) : =
covar_samp(number, number) : =
regr_slope(number, number) : =
regr_intercept(number, number) : =
listagg(varchar, varchar) : listagg({0}, {1})
grouping(any ..) : CAST(grouping({*}) AS BIGINT)
row_number() : CAST(<<row_number()>> AS BIGINT)
rank() : CAST(<<rank()>> AS BIGINT)
dense_rank() : CAST(<<dense_rank()>> AS BIGINT)
percent_rank() : =
cume_dist() : =
ntile(bigint) : CAST(<<ntile(CAST({0} AS INT))>> AS BIGINT)
lag(T) : =
lag(T, bigint) : lag({0}, CAST({1} AS INT))
lag(T, bigint, T) : lag({0}, CAST({1} AS INT), {2})
lead(T) : =
lead(T, bigint) : lead({0}, CAST({1} AS INT))
lead(T, bigint, T) : lead({0}, CAST({1} AS INT), {2})
first_value(T) : =
last_value(T) : =
nth_value(T, bigint) : nth_value({0}, CAST({1} AS INT))
"""


def _read(table: str) -> dict[str, str]:
    lines = (line.partition(" : ") for line in table.splitlines() if line)
    return {head: form for head, _, form in lines}


def _templates() -> dict[str, str]:
    others = {
        one.head: one.form
        for kind in (SCALARS, AGGREGATES, WINDOWS)
        for signatures in kind.values()
        for one in signatures
    }
    found = _read(_SCALARS) | _read(_AGGREGATES)
    return {head: others[head] if form == "=" else form for head, form in found.items()}


TEMPLATES: Final[Mapping[str, str]] = _templates()
