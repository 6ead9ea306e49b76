"""Every table of the lake."""

from warehouse.contracts import audit, bronze, features, gold, quality, silver
from warehouse.table import Table

TABLES: tuple[Table, ...] = (
    *bronze.TABLES,
    *silver.TABLES,
    *features.TABLES,
    *audit.TABLES,
    *gold.TABLES,
    *quality.TABLES,
)
