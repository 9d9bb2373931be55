"""Macros of the engine: Trino's meaning where the engine's function of that purpose means something else."""

from typing import Final

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
    "address_number_(a) AS list_reduce(list_transform(string_split(a, '.'), lambda p_: CAST(p_ AS BIGINT)),"
    " lambda s_, p_: s_ * 256 + p_)",
    "address_within_(network, address) AS address_number_(address) BETWEEN address_number_(split_part(network, '/', 1))"
    " - address_number_(split_part(network, '/', 1)) % CAST(pow(2, 32 - CAST(split_part(network, '/', 2) AS INTEGER))"
    " AS BIGINT) AND address_number_(split_part(network, '/', 1)) - address_number_(split_part(network, '/', 1)) %"
    " CAST(pow(2, 32 - CAST(split_part(network, '/', 2) AS INTEGER)) AS BIGINT) + CAST(pow(2, 32 -"
    " CAST(split_part(network, '/', 2) AS INTEGER)) AS BIGINT) - 1",
    "trunc_div(a, b) AS ((abs(a) // abs(b)) * sign(a) * sign(b))",
    "mantissa_(d) AS format('{:.15g}', d / pow(10, floor(log10(abs(d)))))",
    "with_point_(t) AS (CASE WHEN contains(t, '.') THEN t ELSE t || '.0' END)",
    "java_exponent_(d) AS (with_point_(mantissa_(d)) || 'E' || CAST(CAST(floor(log10(abs(d))) AS INTEGER) AS VARCHAR))",
    # Java writes numbers from a thousandth up to ten million plainly, and the rest with an exponent.
    "double_text(d) AS (CASE WHEN d IS NULL THEN NULL WHEN isnan(d) THEN 'NaN'"
    " WHEN isinf(d) THEN CASE WHEN d > 0 THEN 'Infinity' ELSE '-Infinity' END"
    " WHEN d = 0 OR (abs(d) >= 1e-3 AND abs(d) < 1e7) THEN CAST(d AS VARCHAR) ELSE java_exponent_(d) END)",
    "contains_null(l, x) AS (CASE WHEN l IS NULL OR x IS NULL THEN NULL WHEN list_contains(l, x) THEN true"
    " WHEN len(list_filter(l, lambda m_: m_ IS NULL)) > 0 THEN NULL ELSE false END)",
    "distinct_in_order(l) AS (CASE WHEN l IS NOT NULL THEN list_filter(l, lambda m_, i_: i_ = 1 OR"
    " len(list_filter(l[1:i_ - 1], lambda n_: n_ IS NOT DISTINCT FROM m_)) = 0) END)",
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
    "map_of_(k, v) AS map_from_entries(array_agg({k: k, v: v}))",
    "from_base_(s, b) AS list_reduce(list_transform(string_split(lower(s), ''), lambda c_:"
    " CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c_) - 1 AS BIGINT)), lambda a_, c_: a_ * b + c_)",
)
