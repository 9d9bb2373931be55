"""Trino's SQL, as users of Lake write it, compiled by grammar and types into SQL of an engine.

statement     the text: one SELECT, ids of event data stores as table names
types         Trino's types and which of them can stand for another
scopes        names: tables, columns, members of rows, without case
queries       SELECT, joins, set operations, WITH
expressions   operators, casts, literals, lambdas
conditions    comparisons, IN, LIKE, AND and OR
functions/    every function that may be called: its type, and its form on DuckDB
dialect       the seam: what every engine writes its own way
on_duckdb/    DuckDB behind it; on_spark/ Spark

The compiler writes new SQL from what it understands. A construct or function that is not listed is refused, so nothing
reaches the engine that was not meant to.
"""
