"""Every table of the lake."""

from warehouse.contracts import bronze, gold, quality, silver
from warehouse.table import Table

TABLES: tuple[Table, ...] = (*bronze.TABLES, *silver.TABLES, *gold.TABLES, *quality.TABLES)
