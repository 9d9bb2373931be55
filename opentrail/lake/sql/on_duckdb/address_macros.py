"""Macros of DuckDB for IP addresses: 16 bytes each, as Trino holds them, those of IPv4 behind ten zeros and two 0xff.

So they are equal and ordered as Trino's are. Texts are read and written by RFC 4291 and RFC 5952.
"""

from typing import Final

_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4: Final = rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}"
_V4_HEAD: Final = "00000000000000000000ffff"
_GROUPS: Final = "[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*"
_V6: Final = f"(?:{_GROUPS})?(?:::(?:{_GROUPS})?)?"


def _run_of_zeros(groups: int) -> str:
    return f"'(^|:)0(?::0){{{groups - 1}}}(:|$)'"


def _squeezed() -> str:
    """The longest run of zero groups, the first of several, becomes `::`."""
    runs = (_run_of_zeros(groups) for groups in range(8, 1, -1))
    whens = " ".join(f"WHEN regexp_matches(t, {run}) THEN regexp_replace(t, {run}, '::')" for run in runs)
    return f"(CASE {whens} ELSE t END)"


ADDRESS_MACROS: Final = (
    "byte_hex_(o) AS printf('%02x', CAST(o AS INTEGER))",
    f"v4_hex_(t) AS (CASE WHEN regexp_full_match(t, '{_V4}') THEN array_to_string(list_transform("
    "string_split(t, '.'), lambda o_: byte_hex_(o_)), '') END)",
    "groups_hex_(p) AS array_to_string(list_transform(list_filter(string_split(p, ':'), lambda g_: g_ <> ''),"
    " lambda g_: lpad(g_, 4, '0')), '')",
    # An IPv6 address may end in the four numbers of one of IPv4.
    "tail_as_groups_(h) AS (h[1:4] || ':' || h[5:8])",
    "v6_groups_(t) AS (CASE WHEN contains(t, '.') THEN regexp_replace(t, '[0-9.]+$', '') ||"
    " tail_as_groups_(v4_hex_(regexp_extract(t, '[0-9.]+$'))) ELSE t END)",
    "filled_hex_(h, r) AS (CASE WHEN length(h) + length(r) <= 28 THEN h || repeat('0', 32 - length(h) - length(r)) || r"
    " END)",
    f"v6_hex_(t) AS (CASE WHEN t <> '' AND regexp_full_match(t, '{_V6}') THEN CASE WHEN contains(t, '::') THEN"
    " filled_hex_(groups_hex_(split_part(t, '::', 1)), groups_hex_(split_part(t, '::', 2)))"
    " WHEN length(groups_hex_(t)) = 32 THEN groups_hex_(t) END END)",
    # A list of one names a value, which macros would write out as often as they use it.
    f"address_or_null_(t) AS unhex(list_transform([lower(t)], lambda t_: coalesce('{_V4_HEAD}' || v4_hex_(t_),"
    " list_transform([v6_groups_(t_)], lambda g_: v6_hex_(g_))[1]))[1])",
    "address_(t) AS coalesce(address_or_null_(t), CASE WHEN t IS NOT NULL THEN"
    " CAST(CAST(CAST('no address: ' || t AS INTEGER) AS VARCHAR) AS BLOB) END)",  # which fails, also within TRY
    f"is_v4_(a) AS starts_with(lower(hex(a)), '{_V4_HEAD}')",
    "v4_text_(h) AS array_to_string(list_transform([h[25:26], h[27:28], h[29:30], h[31:32]], lambda o_:"
    " CAST(CAST('0x' || o_ AS INTEGER) AS VARCHAR)), '.')",
    "plain_groups_(h) AS array_to_string(list_transform(range(1, 32, 4), lambda i_:"
    " CASE WHEN h[i_:i_ + 3] = '0000' THEN '0' ELSE ltrim(h[i_:i_ + 3], '0') END), ':')",
    f"squeezed_(t) AS {_squeezed()}",
    f"address_text_(a) AS list_transform([lower(hex(a))], lambda h_: CASE WHEN starts_with(h_, '{_V4_HEAD}') THEN"
    " v4_text_(h_) WHEN h_ IS NOT NULL THEN list_transform([plain_groups_(h_)], lambda g_: squeezed_(g_))[1] END)[1]",
    # The first and the last address of a network: its bits, then zeros or ones.
    "nibble_(h, n, f) AS (CASE WHEN n % 4 = 0 THEN '' ELSE printf('%x', CASE WHEN f = '0' THEN"
    " CAST('0x' || h[n // 4 + 1] AS INTEGER) & ((15 << (4 - n % 4)) & 15) ELSE"
    " CAST('0x' || h[n // 4 + 1] AS INTEGER) | (15 >> (n % 4)) END) END)",
    "end_of_network_(h, n, f) AS unhex(rpad(h[:n // 4] || nibble_(h, n, f), 32, f))",
    "bits_of_network_(network, base) AS CAST(split_part(network, '/', 2) AS INTEGER) +"
    " CASE WHEN is_v4_(base) THEN 96 ELSE 0 END",
    "within_(a, h, n) AS (a BETWEEN end_of_network_(h, n, '0') AND end_of_network_(h, n, 'f'))",
    "address_within_(network, a) AS list_transform([address_(split_part(network, '/', 1))], lambda b_:"
    " is_v4_(a) = is_v4_(b_) AND within_(a, hex(b_), bits_of_network_(network, b_)))[1]",
)
