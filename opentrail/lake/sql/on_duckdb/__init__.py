"""How DuckDB writes what the compiler has understood.

dialect   types, literals, casts, UNNEST
forms     calls that no template can say
macros    Trino's meaning where a function of the engine means something else

Templates of functions stand beside their signatures, in `functions`.
"""
