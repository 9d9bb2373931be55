"""IP addresses on Spark: 16 bytes each, as on the other engine (`on_duckdb/address_macros` says how they are read)."""

from typing import Final

_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4: Final = rf"^{_OCTET}[.]{_OCTET}[.]{_OCTET}[.]{_OCTET}$"
_V4_HEAD: Final = "00000000000000000000FFFF"
_GROUPS: Final = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})*"
_V6: Final = f"^({_GROUPS})?(::({_GROUPS})?)?$"
_TAIL: Final = "[0-9.]+$"


def _named(value: str, name: str, body: str) -> str:
    """`body` with the value under a name, which it may use as often as it likes."""
    return f"element_at(transform(array({value}), {name} -> {body}), 1)"


def _v4_hex(text: str) -> str:
    octets = f"transform(split({text}, '[.]'), o_ -> lpad(lower(hex(CAST(o_ AS INT))), 2, '0'))"
    return f"(CASE WHEN {text} RLIKE '{_V4}' THEN array_join({octets}, '') END)"


def _groups_hex(part: str) -> str:
    return f"array_join(transform(filter(split({part}, ':'), g_ -> g_ <> ''), g_ -> lpad(g_, 4, '0')), '')"


def _v6_hex(text: str) -> str:
    head, tail = (_groups_hex(f"split({text}, '::')[{place}]") for place in (0, 1))
    filled = f"({head} || repeat('0', 32 - length({head}) - length({tail})) || {tail})"
    whole = f"CASE WHEN length({_groups_hex(text)}) = 32 THEN {_groups_hex(text)} END"
    short = f"CASE WHEN length({head}) + length({tail}) <= 28 THEN {filled} END"
    chosen = f"CASE WHEN contains({text}, '::') THEN {short} ELSE {whole} END"
    return f"(CASE WHEN {text} <> '' AND {text} RLIKE '{_V6}' THEN {chosen} END)"


def read_address(text: str, *, attempt: bool) -> str:
    """The address that a text says."""
    tail = _named(_v4_hex(f"regexp_extract(t_, '{_TAIL}', 0)"), "h_", "substring(h_, 1, 4) || ':' || substring(h_, 5)")
    groups = f"CASE WHEN contains(t_, '.') THEN regexp_replace(t_, '{_TAIL}', '') || {tail} ELSE t_ END"
    v6 = _named(groups, "g_", _v6_hex("g_"))
    read = _named(f"lower({text})", "t_", f"unhex(coalesce('{_V4_HEAD}' || {_v4_hex('t_')}, {v6}))")
    if attempt:
        return read
    fault = f"CASE WHEN {text} IS NOT NULL THEN CAST(raise_error('no address: ' || {text}) AS BINARY) END"
    return f"coalesce({read}, {fault})"


def address_text(address: str) -> str:
    """An address as texts have it, by RFC 5952."""
    octets = (f"CAST(conv(substring(h_, {place}, 2), 16, 10) AS STRING)" for place in (25, 27, 29, 31))
    v4 = " || '.' || ".join(octets)
    groups = "transform(sequence(1, 29, 4), i_ -> coalesce(nullif(ltrim('0', substring(h_, i_, 4)), ''), '0'))"
    runs = [f"'^(.*?)(^|:)0(:0){{{groups_of_zero - 1}}}(:|$)'" for groups_of_zero in range(8, 1, -1)]
    whens = " ".join(f"WHEN p_ RLIKE {run} THEN regexp_replace(p_, {run}, '$1::')" for run in runs)
    v6 = _named(f"array_join({groups}, ':')", "p_", f"CASE {whens} ELSE p_ END")
    is_v4 = f"startswith(h_, lower('{_V4_HEAD}'))"
    return _named(f"lower(hex({address}))", "h_", f"CASE WHEN {is_v4} THEN {v4} WHEN h_ IS NOT NULL THEN {v6} END")


def address_within(network: str, address: str) -> str:
    """Whether an address is one of a network's: of the same version, and with the same first bits."""
    base = read_address(f"split({network}, '/')[0]", attempt=False)

    def is_v4(one: str) -> str:
        return f"startswith(hex({one}), '{_V4_HEAD}')"

    def bits(one: str) -> str:
        halves = (f"lpad(conv(substring(hex({one}), {place}, 16), 16, 2), 64, '0')" for place in (1, 17))
        length = f"CAST(split({network}, '/')[1] AS INT) + CASE WHEN {is_v4('b_')} THEN 96 ELSE 0 END"
        return f"substring({' || '.join(halves)}, 1, {length})"

    return _named(base, "b_", f"({is_v4(address)} = {is_v4('b_')} AND {bits(address)} = {bits('b_')})")
