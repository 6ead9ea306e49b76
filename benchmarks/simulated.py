"""Simulated tickets as detectors read them, and what these tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from simulator import simulate

FINDING: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "finding": pl.String,
    "known_at": pl.Datetime("us", "UTC"),
    "ticket_ids": pl.List(pl.String),
}
"""What a detector told: its name, when it was known, and of which tickets."""


def columns_of(
    folder: Path, seed: int, columns: Sequence[str], *, tickets: int, days: int, where: str = "true"
) -> pl.DataFrame:
    """Some columns of simulated tickets, as text; the truth is left beside, in `<seed>.json.truth`."""
    import duckdb

    file, raw = folder / f"{seed}.json", folder / f"{seed}_raw.parquet"
    simulate("realistic", tickets, days, seed, file)
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in columns)
    with duckdb.connect(config={"memory_limit": "2GB", "threads": 1}) as connection:
        read = f"read_json('{file}', columns={{{types}}}, format='array', ignore_errors=true)"
        connection.execute(f"copy (select * from {read} where {where}) to '{raw}' (format parquet)")
    found = pl.read_parquet(raw)
    raw.unlink()
    file.unlink()
    return found
