"""Macros of the engine: Trino's meaning where the engine's function of that purpose means something else."""

import re
from typing import Final

from opentrail.lake.sql.on_duckdb.address_macros import ADDRESS_MACROS

MACROS: Final = (
    "now_() AS (SELECT moment FROM query_start)",
    "substr_from(s, f) AS (CASE WHEN f = 0 OR abs(f) > length(s) THEN '' ELSE substring(s, f) END)",
    "substr_part(s, f, n) AS (CASE WHEN f = 0 OR n <= 0 OR abs(f) > length(s) THEN '' ELSE substring(s, f, n) END)",
    "split_part_null(s, d, n) AS (CASE WHEN n > len(string_split(s, d)) THEN NULL ELSE split_part(s, d, n) END)",
    "json_or_null(s) AS (CASE WHEN json_valid(s) THEN CAST(s AS JSON) END)",
    "json_scalar(j) AS (CASE WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL"
    " ELSE json_extract_string(j, '$') END)",
    "json_size_(j) AS (CASE json_type(j) WHEN 'OBJECT' THEN len(json_keys(j)) WHEN 'ARRAY' THEN json_array_length(j)"
    " ELSE CASE WHEN j IS NOT NULL THEN 0 END END)",
    "json_array_length_(s) AS (CASE WHEN json_valid(s) AND json_type(s) = 'ARRAY' THEN"
    " CAST(json_array_length(s) AS BIGINT) END)",
    "json_array_get_(s, n) AS (CASE WHEN json_valid(s) AND json_type(s) = 'ARRAY' THEN"
    " nullif(json_extract(s, '$[*]')[CASE WHEN n < 0 THEN n ELSE n + 1 END], 'null') END)",
    "json_items_(s) AS (CASE WHEN json_valid(s) AND json_type(s) = 'ARRAY' THEN json_extract(s, '$[*]') END)",
    "json_member_(j, n, i) AS (CASE json_type(j) WHEN 'OBJECT' THEN json_extract(j, list_filter(list_transform("
    "json_keys(j), lambda m_: CASE WHEN lower(m_) = n THEN '$.\"' || replace(m_, '\"', '\\\"') || '\"' END),"
    " lambda m_: m_ IS NOT NULL)[1]) WHEN 'ARRAY' THEN json_extract(j, '$[' || i || ']') END)",
    "json_array_contains_(s, v) AS"
    " list_contains(list_transform(json_items_(s), lambda m_: CAST(m_ AS VARCHAR)), CAST(v AS VARCHAR))",
    "json_numbers_(s) AS list_transform(json_items_(s), lambda m_: TRY_CAST(CAST(m_ AS VARCHAR) AS DOUBLE))",
    "json_array_contains_number_(s, v) AS (CASE WHEN json_items_(s) IS NOT NULL THEN"
    " coalesce(list_contains(json_numbers_(s), CAST(v AS DOUBLE)), false) END)",
    "is_json_scalar_(s) AS (CASE WHEN json_valid(s) THEN json_type(s) NOT IN ('OBJECT', 'ARRAY') END)",
    "regexp_extract_(s, p, n) AS (CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, n) END)",
    "regexp_position_(s, p) AS (CASE WHEN regexp_matches(s, p) THEN strpos(s, regexp_extract(s, p)) ELSE -1 END)",
    r"groups_(t) AS regexp_replace(t, '\$(\d)', '\\\1', 'g')",
    "url_part_(u, p) AS (CASE WHEN regexp_matches(u, p) THEN regexp_extract(u, p, 1) END)",
    "url_parameter_(u, n) AS (SELECT url_decode(x[strpos(x, '=') + 1:]) FROM (SELECT unnest(string_split("
    r"regexp_extract(u, '\?([^#]*)', 1), '&')) AS x) WHERE split_part(x, '=', 1) = n LIMIT 1)",
    "trunc_div(a, b) AS ((abs(a) // abs(b)) * sign(a) * sign(b))",
    "mantissa_(d) AS format('{:.15g}', d / pow(10, floor(log10(abs(d)))))",
    "with_point_(t) AS (CASE WHEN contains(t, '.') THEN t ELSE t || '.0' END)",
    "java_exponent_(d) AS (with_point_(mantissa_(d)) || 'E' || CAST(CAST(floor(log10(abs(d))) AS INTEGER) AS VARCHAR))",
    # Java writes numbers from a thousandth up to ten million plainly, and the rest with an exponent.
    "double_text(d) AS (CASE WHEN d IS NULL THEN NULL WHEN isnan(d) THEN 'NaN'"
    " WHEN isinf(d) THEN CASE WHEN d > 0 THEN 'Infinity' ELSE '-Infinity' END"
    " WHEN d = 0 OR (abs(d) >= 1e-3 AND abs(d) < 1e7) THEN CAST(d AS VARCHAR) ELSE java_exponent_(d) END)",
    "from_base_(s, b) AS list_reduce(list_transform(string_split(lower(s), ''), lambda c_:"
    " CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c_) - 1 AS BIGINT)), lambda a_, c_: a_ * b + c_)",
    "interval_text(i) AS (CASE WHEN epoch(i) < 0 THEN '-' ELSE '' END || CAST(CAST(floor(abs(epoch(i)) / 86400)"
    " AS BIGINT) AS VARCHAR)"
    " || strftime(make_timestamp(CAST(round(abs(epoch(i)) * 1000000) AS BIGINT)), ' %H:%M:%S.%g'))",
    "months_(i) AS (date_part('year', i) * 12 + date_part('month', i))",
    "months_text(i) AS (CASE WHEN months_(i) < 0 THEN '-' ELSE '' END || (abs(months_(i)) // 12) || '-' ||"
    " (abs(months_(i)) % 12))",
    r"bytes_text(b) AS trim(regexp_replace(lower(hex(b)), '(..)', '\1 ', 'g'))",
    "contains_null(l, x) AS (CASE WHEN l IS NULL OR x IS NULL THEN NULL WHEN list_contains(l, x) THEN true"
    " WHEN len(list_filter(l, lambda m_: m_ IS NULL)) > 0 THEN NULL ELSE false END)",
    "distinct_in_order(l) AS (CASE WHEN l IS NOT NULL THEN list_filter(l, lambda m_, i_: i_ = 1 OR"
    " len(list_filter(l[1:i_ - 1], lambda n_: n_ IS NOT DISTINCT FROM m_)) = 0) END)",
    "entries_(m) AS list_transform(map_entries(m), lambda e_: {field0: e_.key, field1: e_.value})",
    "has_null_(l) AS len(list_filter(l, lambda m_: m_ IS NULL)) > 0",
    "array_max_(l) AS (CASE WHEN has_null_(l) THEN NULL ELSE list_max(l) END)",
    "array_min_(l) AS (CASE WHEN has_null_(l) THEN NULL ELSE list_min(l) END)",
    "join_with_(l, d, n) AS array_to_string(list_transform(l, lambda m_: coalesce(CAST(m_ AS VARCHAR), n)), d)",
    "except_(l, o) AS distinct_in_order(list_filter(l, lambda m_: NOT coalesce(list_contains(o, m_), false)))",
    "dates_(f, t, s) AS list_transform(generate_series(f, t, s), lambda m_: CAST(m_ AS DATE))",
    "slice_(l, f, n) AS (CASE WHEN f >= 0 THEN l[f:f + n - 1]"
    " WHEN len(l) + f < 0 THEN [] ELSE l[len(l) + f + 1:len(l) + f + n] END)",
    "any_match_(l) AS (CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, true) THEN true WHEN len(list_filter(l,"
    " lambda m_: m_ IS NULL)) > 0 THEN NULL ELSE false END)",
    "all_match_(l) AS (CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, false) THEN false WHEN len(list_filter(l,"
    " lambda m_: m_ IS NULL)) > 0 THEN NULL ELSE true END)",
    "split_limit(s, d, n) AS (CASE WHEN len(string_split(s, d)) <= n THEN string_split(s, d) ELSE"
    " list_concat(string_split(s, d)[1:n - 1], [array_to_string(string_split(s, d)[n:], d)]) END)",
    "split_to_map_(s, e, k) AS map_from_entries(list_transform(string_split(s, e), lambda p_:"
    " {k: split_part(p_, k, 1), v: p_[strpos(p_, k) + length(k):]}))",
    # Of entries with the same key one stays; those without a key go.
    "sorted_entries_(l) AS list_sort(list_filter(l, lambda m_: m_.k IS NOT NULL))",
    "first_entries_(l) AS list_filter(l, lambda m_, i_: i_ = 1 OR l[i_ - 1].k <> m_.k)",
    "map_first_(l) AS map_from_entries(first_entries_(sorted_entries_(list_transform(l, lambda p_:"
    " {k: struct_extract_at(p_, 1), v: struct_extract_at(p_, 2)}))))",
    "map_gathered_(l) AS map_from_entries(list_transform(list_sort(list_distinct(list_transform(l, lambda p_: p_.k))),"
    " lambda n_: {k: n_, v: list_transform(list_filter(l, lambda p_: p_.k = n_), lambda p_: p_.v)}))",
    "strpos_nth(s, d, n) AS (CASE WHEN len(string_split(s, d)) <= n THEN 0 ELSE"
    " length(array_to_string(string_split(s, d)[1:n], d)) + 1 END)",
    "frequency_(l) AS (CASE WHEN l IS NOT NULL THEN map_from_entries(list_transform(list_distinct(l), lambda n_:"
    " {k: n_, v: CAST(len(list_filter(l, lambda m_: m_ = n_)) AS INTEGER)})) END)",
    "list_histogram_(l) AS (CASE WHEN l IS NOT NULL THEN map_from_entries(list_transform(list_sort(list_distinct(l)),"
    " lambda n_: {k: n_, v: len(list_filter(l, lambda m_: m_ = n_))})) END)",
    "most_frequent_(n, m) AS map_from_entries(list_transform(list_sort(list_transform(map_entries(m), lambda e_:"
    " {v: e_.value, k: e_.key}), 'DESC')[1:n], lambda e_: {k: e_.k, v: CAST(e_.v AS BIGINT)}))",
    "contains_sequence_(l, s) AS (len(s) = 0 OR len(list_filter(range(1, len(l) - len(s) + 2),"
    " lambda i_: l[i_:i_ + len(s) - 1] = s)) > 0)",
    "ngrams_(l, n) AS (CASE WHEN n >= len(l) THEN [l] ELSE list_transform(range(1, len(l) - n + 2),"
    " lambda i_: l[i_:i_ + n - 1]) END)",
    # Every choice is a number whose bits say which elements are in it; Trino takes no more than five.
    "combinations_(l, n) AS CASE WHEN n > 5 OR len(l) > 20 THEN error('combinations of more than 5 out of 20') ELSE"
    " list_transform(list_sort(list_transform(list_filter(range(0, CAST(pow(2, len(l)) AS"
    " BIGINT)), lambda b_: bit_count(b_) = n), lambda b_: list_filter(range(1, len(l) + 1), lambda i_: (b_ >> (i_ - 1))"
    " & 1 = 1))), lambda c_: list_transform(c_, lambda i_: l[i_])) END",
    "cosine_of_maps_(a, b) AS (list_sum(list_transform(map_entries(a), lambda e_: e_.value * coalesce(b[e_.key], 0)))"
    " / sqrt(list_sum(list_transform(map_values(a), lambda v_: v_ * v_)) * list_sum(list_transform(map_values(b),"
    " lambda v_: v_ * v_))))",
    "multimap_of_(l) AS map_gathered_(list_transform(l, lambda p_: {k: struct_extract_at(p_, 1),"
    " v: struct_extract_at(p_, 2)}))",
    "split_to_multimap_(s, e, k) AS map_gathered_(list_transform(string_split(s, e), lambda p_:"
    " {k: split_part(p_, k, 1), v: p_[strpos(p_, k) + length(k):]}))",
    "width_bucket_(x, a, b, n) AS CAST(CASE WHEN a < b THEN CASE WHEN x < a THEN 0 WHEN x >= b THEN n + 1 ELSE"
    " floor((CAST(x AS DOUBLE) - a) / (CAST(b AS DOUBLE) - a) * n) + 1 END ELSE CASE WHEN x > a THEN 0 WHEN x <= b THEN"
    " n + 1 ELSE floor((CAST(a AS DOUBLE) - x) / (CAST(a AS DOUBLE) - b) * n) + 1 END END AS BIGINT)",
    # Source: the Wilson score interval of a binomial proportion.
    "wilson_(k, n, z, s) AS ((2 * CAST(k AS DOUBLE) + z * z + s * z * sqrt(z * z + 4 * CAST(k AS DOUBLE) *"
    " (1 - CAST(k AS DOUBLE) / n))) / (2 * (n + z * z)))",
    "soundex_codes_(s) AS translate(upper(regexp_replace(s, '[^A-Za-z]', '', 'g')), 'AEIOUYBFPVCGJKQSXZDTLMNRHW',"
    " '000000111122222222334556')",
    "soundex_(s) AS rpad(upper(s[1]) || replace(list_reduce(string_split(soundex_codes_(s), ''), lambda a_, c_:"
    " CASE WHEN right(a_, 1) = c_ THEN a_ ELSE a_ || c_ END)[2:], '0', ''), 4, '0')[1:4]",
    "luhn_digits_(s) AS list_transform(range(1, length(s) + 1), lambda i_: CASE WHEN i_ % 2 = 0 THEN"
    " CAST(s[length(s) + 1 - i_] AS INTEGER) * 2 ELSE CAST(s[length(s) + 1 - i_] AS INTEGER) END)",
    "luhn_(s) AS (list_sum(list_transform(luhn_digits_(s), lambda d_: CASE WHEN d_ > 9 THEN d_ - 9 ELSE d_ END))"
    " % 10 = 0)",
    "title_case_(s) AS array_to_string(list_transform(string_split(s, ' '), lambda w_: upper(w_[1]) || lower(w_[2:])),"
    " ' ')",
    "short_(d, u) AS (regexp_replace(CASE WHEN abs(d) >= 100 THEN printf('%.0f', d) WHEN abs(d) >= 10 THEN"
    " printf('%.1f', d) ELSE printf('%.2f', d) END, '\\.0+$', '') || u)",
    "format_number_(n) AS (CASE WHEN abs(n) >= 1e15 THEN short_(n / 1e15, 'Q') WHEN abs(n) >= 1e12 THEN"
    " short_(n / 1e12, 'T') WHEN abs(n) >= 1e9 THEN short_(n / 1e9, 'B') WHEN abs(n) >= 1e6 THEN short_(n / 1e6, 'M')"
    " WHEN abs(n) >= 1e3 THEN short_(n / 1e3, 'K') ELSE short_(CAST(n AS DOUBLE), '') END)",
    "counted_(n, u) AS (CASE WHEN n > 0 THEN n || ' ' || u || CASE WHEN n = 1 THEN '' ELSE 's' END END)",
    "human_parts_(s) AS (CASE WHEN s = 0 THEN '0 seconds' ELSE concat_ws(', ', counted_(s // 604800, 'week'),"
    " counted_(s % 604800 // 86400, 'day'), counted_(s % 86400 // 3600, 'hour'),"
    " counted_(s % 3600 // 60, 'minute'), counted_(s % 60, 'second')) END)",
    "human_seconds_(s) AS human_parts_(CAST(round(s) AS BIGINT))",
    "data_unit_(s) AS regexp_extract(s, '([a-zA-Z]?)B$', 1)",
    "data_size_(s) AS floor(CAST(regexp_extract(s, '^([0-9.]+)', 1) AS DOUBLE) * CAST(pow(1024,"
    " coalesce(strpos('kMGTPEZY', nullif(data_unit_(s), '')), 0)) AS DOUBLE))",
    "duration_(s) AS to_microseconds(CAST(round(CAST(regexp_extract(s, '^\\s*([0-9.]+)', 1) AS DOUBLE) *"
    " CASE regexp_extract(s, '([a-z]+)\\s*$', 1) WHEN 'ns' THEN 1e-3 WHEN 'us' THEN 1e0 WHEN 'ms' THEN 1e3 WHEN 's'"
    " THEN 1e6 WHEN 'm' THEN 6e7 WHEN 'h' THEN 3.6e9 WHEN 'd' THEN 8.64e10 END) AS BIGINT))",
    "from_big_endian_(b, n) AS (CASE WHEN octet_length(b) * 8 = n THEN CAST(CASE WHEN hex(b)[1] >= '8' THEN"
    " CAST(CAST('0x' || hex(b) AS UBIGINT) AS HUGEINT) - CAST(pow(2, n) AS HUGEINT) ELSE CAST('0x' || hex(b) AS"
    " UBIGINT) END AS BIGINT) ELSE error('expected a binary of ' || n // 8 || ' bytes') END)",
    # Blocks of HMAC are xored by digit pairs. Source: RFC 2104.
    "xored_(h, x) AS array_to_string(list_transform(range(1, 128, 2), lambda i_: printf('%02x',"
    " xor(CAST('0x' || h[i_:i_ + 1] AS INTEGER), x))), '')",
    "hmac_key_(k) AS rpad(CASE WHEN octet_length(k) > 64 THEN sha256(k) ELSE lower(hex(k)) END, 128, '0')",
    "hmac_sha256_(d, k) AS unhex(sha256(unhex(xored_(hmac_key_(k), 92) || sha256(unhex(xored_(hmac_key_(k), 54) ||"
    " hex(d))))))",
    "base32_bits_(b) AS array_to_string(list_transform(range(1, length(hex(b)) + 1), lambda i_:"
    " lpad(bin(CAST('0x' || hex(b)[i_] AS UTINYINT)), 4, '0')), '')",
    "base32_text_(t) AS array_to_string(list_transform(range(1, length(t) + 1, 5), lambda i_:"
    " 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[from_base_(rpad(t[i_:i_ + 4], 5, '0'), 2) + 1]), '')",
    "to_base32_(b) AS rpad(base32_text_(base32_bits_(b)), CAST(ceil(octet_length(b) / 5) * 8 AS INTEGER), '=')",
    "from_base32_bits_(s) AS array_to_string(list_transform(string_split(rtrim(s, '='), ''), lambda c_:"
    " lpad(bin(CAST(strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', c_) - 1 AS UTINYINT)), 5, '0')), '')",
    "from_base32_(s) AS unhex(array_to_string(list_transform(range(1, length(from_base32_bits_(s)) // 8 * 8, 8),"
    " lambda i_: printf('%02x', from_base_(from_base32_bits_(s)[i_:i_ + 7], 2))), ''))",
    *ADDRESS_MACROS,
)

_CALL: Final = re.compile(r"(\w+)\(")
_BY_NAME: Final = {macro.partition("(")[0]: macro for macro in MACROS}


def macros_for(sql: str) -> list[str]:
    """The macros that `sql` calls, and those that they call: making all of them takes longer than many a query."""
    wanted: set[str] = set()
    left = [sql]
    while left:
        called = set(_CALL.findall(left.pop())) & _BY_NAME.keys() - wanted
        wanted |= called
        left += [_BY_NAME[name].partition(") AS ")[2] for name in called]
    return [macro for name, macro in _BY_NAME.items() if name in wanted]
