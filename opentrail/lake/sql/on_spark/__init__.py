"""How Spark SQL (4) writes what the compiler has understood, from the same checked and typed tree.

dialect    types, literals, casts, UNNEST
forms      calls that no template can say
functions  templates by signature; a call whose signature is not there is refused on Spark

JSON is held as its text. The session must be that of `lake.spark_engine`: UTC, ANSI mode, names in double quotes.
"""
