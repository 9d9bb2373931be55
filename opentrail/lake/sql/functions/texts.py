"""Functions of texts, of regular expressions, of bytes, and of addresses."""

from typing import Final

TABLE: Final = r"""
lower(varchar) -> varchar : lower({0})
upper(varchar) -> varchar : upper({0})
length(varchar) -> bigint : length({0})
length(varbinary) -> bigint : octet_length({0})
concat(varchar, varchar ..) -> varchar : joined
concat(array(T), array(T)) -> array(T) : list_concat({0}, {1})
concat(array(T), array(T), array(T)) -> array(T) : list_concat(list_concat({0}, {1}), {2})
concat_ws(varchar, varchar ..) -> varchar : concat_ws({*})
concat_ws(varchar, array(varchar)) -> varchar : array_to_string({1}, {0})
substr(varchar, bigint) -> varchar : substr_from({0}, {1})
substr(varchar, bigint, bigint) -> varchar : substr_part({0}, {1}, {2})
substring(varchar, bigint) -> varchar : substr_from({0}, {1})
substring(varchar, bigint, bigint) -> varchar : substr_part({0}, {1}, {2})
replace(varchar, varchar) -> varchar : replace({0}, {1}, '')
replace(varchar, varchar, varchar) -> varchar : replace({0}, {1}, {2})
reverse(varchar) -> varchar : reverse({0})
reverse(array(T)) -> array(T) : list_reverse({0})
trim(varchar) -> varchar : trim({0})
ltrim(varchar) -> varchar : ltrim({0})
rtrim(varchar) -> varchar : rtrim({0})
trim(varchar, varchar) -> varchar : trim({0}, {1})
ltrim(varchar, varchar) -> varchar : ltrim({0}, {1})
rtrim(varchar, varchar) -> varchar : rtrim({0}, {1})
lpad(varchar, bigint, varchar) -> varchar : lpad({0}, CAST({1} AS INTEGER), {2})
rpad(varchar, bigint, varchar) -> varchar : rpad({0}, CAST({1} AS INTEGER), {2})
strpos(varchar, varchar) -> bigint : strpos({0}, {1})
strpos(varchar, varchar, bigint) -> bigint : strpos_nth({0}, {1}, {2})
position(varchar, varchar) -> bigint : strpos({1}, {0})
index(varchar, varchar) -> bigint : strpos({0}, {1})
soundex(varchar) -> varchar : soundex_({0})
luhn_check(varchar) -> boolean : luhn_({0})
title_case(varchar) -> varchar : title_case_({0})
split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar)) : split_to_multimap_({0}, {1}, {2})
format_number(number) -> varchar : format_number_({0})
human_readable_seconds(number) -> varchar : human_seconds_({0})
parse_data_size(varchar) -> decimal : CAST(data_size_({0}) AS DECIMAL(38, 0))
parse_duration(varchar) -> interval : duration_({0})
starts_with(varchar, varchar) -> boolean : starts_with({0}, {1})
ends_with(varchar, varchar) -> boolean : ends_with({0}, {1})
split(varchar, varchar) -> array(varchar) : string_split({0}, {1})
split(varchar, varchar, bigint) -> array(varchar) : split_limit({0}, {1}, {2})
split_part(varchar, varchar, bigint) -> varchar : split_part_null({0}, {1}, {2})
split_to_map(varchar, varchar, varchar) -> map(varchar, varchar) : split_to_map_({0}, {1}, {2})
chr(bigint) -> varchar : chr(CAST({0} AS INTEGER))
codepoint(varchar) -> integer : unicode({0})
translate(varchar, varchar, varchar) -> varchar : translate({0}, {1}, {2})
levenshtein_distance(varchar, varchar) -> bigint : levenshtein({0}, {1})
hamming_distance(varchar, varchar) -> bigint : hamming({0}, {1})
normalize(varchar) -> varchar : nfc_normalize({0})
to_utf8(varchar) -> varbinary : encode({0})
from_utf8(varbinary) -> varchar : decode({0})
format(varchar, any ..) -> varchar : printf({*})
uuid() -> uuid : uuid()
typeof(any) -> varchar : typeof_

regexp_like(varchar, varchar) -> boolean : regexp_like
regexp_extract(varchar, varchar) -> varchar : regexp_extract
regexp_extract(varchar, varchar, bigint) -> varchar : regexp_extract_group
regexp_extract_all(varchar, varchar) -> array(varchar) : regexp_extract_all
regexp_extract_all(varchar, varchar, bigint) -> array(varchar) : regexp_extract_all_of_group
regexp_replace(varchar, varchar, function(array(varchar), varchar)) -> varchar : regexp_replace_by
regexp_replace(varchar, varchar) -> varchar : regexp_remove
regexp_replace(varchar, varchar, varchar) -> varchar : regexp_replace
regexp_split(varchar, varchar) -> array(varchar) : regexp_split
regexp_count(varchar, varchar) -> bigint : regexp_count
regexp_position(varchar, varchar) -> bigint : regexp_position

to_base64(varbinary) -> varchar : to_base64({0})
from_base64(varchar) -> varbinary : from_base64({0})
to_base64url(varbinary) -> varchar : translate(to_base64({0}), '+/', '-_')
from_base64url(varchar) -> varbinary : from_base64(translate({0}, '-_', '+/'))
to_hex(varbinary) -> varchar : hex({0})
from_hex(varchar) -> varbinary : unhex({0})
md5(varbinary) -> varbinary : unhex(md5({0}))
hmac_sha256(varbinary, varbinary) -> varbinary : hmac_sha256_({0}, {1})
to_big_endian_64(bigint) -> varbinary : unhex(printf('%016x', {0}))
to_big_endian_32(integer) -> varbinary : unhex(printf('%08x', {0}))
from_big_endian_64(varbinary) -> bigint : from_big_endian_({0}, 64)
from_big_endian_32(varbinary) -> integer : CAST(from_big_endian_({0}, 32) AS INTEGER)
from_utf8(varbinary, varchar) -> varchar : coalesce(TRY(decode({0})), {1})
to_base32(varbinary) -> varchar : to_base32_({0})
from_base32(varchar) -> varbinary : from_base32_({0})
sha1(varbinary) -> varbinary : unhex(sha1({0}))
sha256(varbinary) -> varbinary : unhex(sha256({0}))

url_extract_host(varchar) -> varchar : url_part_({0}, '^[^:/?#]+://(?:[^/?#@]*@)?([^/?#:]+)')
url_extract_path(varchar) -> varchar : regexp_extract({0}, '^(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)', 1)
url_extract_protocol(varchar) -> varchar : url_part_({0}, '^([^:/?#]+):')
url_extract_query(varchar) -> varchar : url_part_({0}, '\?([^#]*)')
url_extract_fragment(varchar) -> varchar : url_part_({0}, '#(.*)')
url_extract_port(varchar) -> bigint : TRY_CAST(url_part_({0}, '://[^/?#]*:(\d+)') AS BIGINT)
url_extract_parameter(varchar, varchar) -> varchar : url_parameter_({0}, {1})
url_encode(varchar) -> varchar : url_encode({0})
url_decode(varchar) -> varchar : url_decode({0})

contains(varchar, ipaddress) -> boolean : address_within_({0}, {1})
"""
