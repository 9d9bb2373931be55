"""Functions of JSON; paths must be literals, since they are rewritten for the engine."""

from typing import Final

TABLE: Final = """
json_parse(varchar) -> json : json({0})
json_format(json) -> varchar : CAST({0} AS VARCHAR)
json_extract(json, varchar) -> json : json_extract
json_extract(varchar, varchar) -> json : json_extract
json_extract_scalar(json, varchar) -> varchar : json_extract_scalar
json_extract_scalar(varchar, varchar) -> varchar : json_extract_scalar
json_query(json, varchar) -> varchar : json_query
json_query(varchar, varchar) -> varchar : json_query
json_query_wrapped(json, varchar) -> varchar : json_query_wrapped
json_query_wrapped(varchar, varchar) -> varchar : json_query_wrapped
json_exists(json, varchar) -> boolean : json_exists
json_exists(varchar, varchar) -> boolean : json_exists
json_object(any ..) -> varchar : CAST(json_object({*}) AS VARCHAR)
json_array(any ..) -> varchar : json_array_of
json_size(json, varchar) -> bigint : json_size
json_size(varchar, varchar) -> bigint : json_size
json_array_length(json) -> bigint : json_array_length_(CAST({0} AS VARCHAR))
json_array_length(varchar) -> bigint : json_array_length_({0})
json_array_get(json, bigint) -> json : json_array_get_(CAST({0} AS VARCHAR), {1})
json_array_get(varchar, bigint) -> json : json_array_get_({0}, {1})
json_array_contains(json, varchar) -> boolean : json_array_contains_(CAST({0} AS VARCHAR), to_json({1}))
json_array_contains(varchar, varchar) -> boolean : json_array_contains_({0}, to_json({1}))
json_array_contains(json, boolean) -> boolean : json_array_contains_(CAST({0} AS VARCHAR), to_json({1}))
json_array_contains(varchar, boolean) -> boolean : json_array_contains_({0}, to_json({1}))
json_array_contains(json, number) -> boolean : json_array_contains_number_(CAST({0} AS VARCHAR), {1})
json_array_contains(varchar, number) -> boolean : json_array_contains_number_({0}, {1})
is_json_scalar(json) -> boolean : is_json_scalar_(CAST({0} AS VARCHAR))
is_json_scalar(varchar) -> boolean : is_json_scalar_({0})
"""
