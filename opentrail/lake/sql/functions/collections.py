"""Functions of arrays, maps and rows, with their lambdas."""

from typing import Final

TABLE: Final = """
cardinality(array(T)) -> bigint : len({0})
cardinality(map(K, V)) -> bigint : cardinality({0})
element_at(array(T), bigint) -> T : {0}[{1}]
element_at(map(K, V), K) -> V : {0}[{1}]
contains(array(T), T) -> boolean : contains_null({0}, {1})
array_position(array(T), T) -> bigint : coalesce(list_position({0}, {1}), 0)
array_distinct(array(T)) -> array(T) : distinct_in_order({0})
array_max(array(T)) -> T : array_max_({0})
array_min(array(T)) -> T : array_min_({0})
array_sort(array(T)) -> array(T) : list_sort({0}, 'ASC', 'NULLS LAST')
array_join(array(T), varchar) -> varchar : array_to_string({0}, {1})
array_join(array(T), varchar, varchar) -> varchar : join_with_({0}, {1}, {2})
array_remove(array(T), T) -> array(T) : list_filter({0}, lambda x_: x_ IS DISTINCT FROM {1})
array_sort(array(T), function(T, T, whole)) -> array(T) : array_sort_by
array_histogram(array(T)) -> map(T, bigint) : list_histogram_({0})
contains_sequence(array(T), array(T)) -> boolean : contains_sequence_({0}, {1})
combinations(array(T), bigint) -> array(array(T)) : combinations_({0}, {1})
ngrams(array(T), bigint) -> array(array(T)) : ngrams_({0}, {1})
cosine_similarity(array(double), array(double)) -> double : list_cosine_similarity({0}, {1})
cosine_distance(array(double), array(double)) -> double : list_cosine_distance({0}, {1})
cosine_similarity(map(varchar, double), map(varchar, double)) -> double : cosine_of_maps_({0}, {1})
euclidean_distance(array(double), array(double)) -> double : list_distance({0}, {1})
dot_product(array(double), array(double)) -> double : list_inner_product({0}, {1})
array_union(array(T), array(T)) -> array(T) : distinct_in_order(list_concat({0}, {1}))
array_intersect(array(T), array(T)) -> array(T) : distinct_in_order(list_filter({0}, lambda x_: list_contains({1}, x_)))
array_except(array(T), array(T)) -> array(T) : except_({0}, {1})
arrays_overlap(array(T), array(T)) -> boolean : list_has_any({0}, {1})
array_first(array(T)) -> T : {0}[1]
array_last(array(T)) -> T : {0}[-1]
array_frequency(array(T)) -> map(T, integer) : frequency_({0})
trim_array(array(T), bigint) -> array(T) : {0}[1:len({0}) - {1}]
slice(array(T), bigint, bigint) -> array(T) : slice_({0}, {1}, {2})
flatten(array(array(T))) -> array(T) : flatten({0})
repeat(T, bigint) -> array(T) : list_transform(range({1}), lambda x_: {0})
sequence(bigint, bigint) -> array(bigint) : generate_series({0}, {1})
sequence(bigint, bigint, bigint) -> array(bigint) : generate_series({0}, {1}, {2})
sequence(date, date) -> array(date) : dates_({0}, {1}, INTERVAL 1 DAY)
sequence(date, date, interval) -> array(date) : dates_({0}, {1}, {2})
sequence(timestamp, timestamp, interval) -> array(timestamp) : generate_series({0}, {1}, {2})
zip(array(T), array(S)) -> array(row(T, S)) : zip_
zip(array(T), array(S), array(R)) -> array(row(T, S, R)) : zip_
zip(array(T), array(S), array(R), array(K)) -> array(row(T, S, R, K)) : zip_

map() -> map(unknown, unknown) : MAP {}
map(array(K), array(V)) -> map(K, V) : map({0}, {1})
map_keys(map(K, V)) -> array(K) : map_keys({0})
map_values(map(K, V)) -> array(V) : map_values({0})
map_entries(map(K, V)) -> array(row(K, V)) : entries_({0})
map_from_entries(array(row(K, V))) -> map(K, V) : map_from_entries({0})
multimap_from_entries(array(row(K, V))) -> map(K, array(V)) : multimap_of_({0})
map_concat(map(K, V), map(K, V)) -> map(K, V) : map_concat({0}, {1})
map_concat(map(K, V), map(K, V), map(K, V)) -> map(K, V) : map_concat({0}, {1}, {2})

transform(array(T), function(T, R)) -> array(R) : list_transform({0}, {1})
filter(array(T), function(T, boolean)) -> array(T) : list_filter({0}, {1})
any_match(array(T), function(T, boolean)) -> boolean : any_match_(list_transform({0}, {1}))
all_match(array(T), function(T, boolean)) -> boolean : all_match_(list_transform({0}, {1}))
none_match(array(T), function(T, boolean)) -> boolean : NOT any_match_(list_transform({0}, {1}))
find_first(array(T), function(T, boolean)) -> T : list_filter({0}, {1})[1]
reduce(array(T), S, function(S, T, S), function(S, R)) -> R : reduce
zip_with(array(T), array(S), function(T, S, R)) -> array(R) : zip_with
map_filter(map(K, V), function(K, V, boolean)) -> map(K, V) : map_filter
transform_keys(map(K, V), function(K, V, R)) -> map(R, V) : transform_keys
transform_values(map(K, V), function(K, V, R)) -> map(K, R) : transform_values
map_zip_with(map(K, V), map(K, S), function(K, V, S, R)) -> map(K, R) : map_zip_with
"""
