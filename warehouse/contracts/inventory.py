"""Every table of the lake."""

from warehouse.contracts import bronze, features, gold, quality, silver
from warehouse.table import Table

TABLES: tuple[Table, ...] = (*bronze.TABLES, *silver.TABLES, *features.TABLES, *gold.TABLES, *quality.TABLES)
