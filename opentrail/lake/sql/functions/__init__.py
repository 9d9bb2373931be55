"""Every function that a query may call: tables of signatures and forms, one for each kind, and what no table can say.

A call that fits no line is refused by name. Source of names, types and meanings: Trino's documentation, "Functions and
operators".
"""

from typing import Final

from opentrail.lake.sql.functions import aggregates, collections, documents, moments, numbers, texts
from opentrail.lake.sql.signatures import Signature, read_signatures

SCALARS: Final[dict[str, list[Signature]]] = {}
for _table in (texts.TABLE, numbers.TABLE, moments.TABLE, collections.TABLE, documents.TABLE):
    for _name, _signatures in read_signatures(_table).items():
        SCALARS.setdefault(_name, []).extend(_signatures)
AGGREGATES: Final[dict[str, list[Signature]]] = read_signatures(aggregates.TABLE)
WINDOWS: Final[dict[str, list[Signature]]] = read_signatures(aggregates.WINDOW_TABLE)
