"""What watches the tables after they are written: Soda contracts, run on DuckDB, with the history of every check.

`write` enforces types and keys and dbt tests hold formulas; here are freshness, volume, references, ranges, and a
second look at the keys for whoever wrote past `write`.
"""

from warehouse.quality.declaration import Declared, declared, known_tables, tables_named
from warehouse.quality.history import failing, inputs, is_current, latest, record
from warehouse.quality.verification import verify
from warehouse.quality.views import views

__all__ = [
    "Declared",
    "declared",
    "failing",
    "inputs",
    "is_current",
    "known_tables",
    "latest",
    "record",
    "tables_named",
    "verify",
    "views",
]
