"""What learning reads of the lake: the newest tickets, with what was known of each when it was opened."""

import polars as pl

from ml.evaluate.splits import time_split
from ml.inputs import WORDS, assemble, encoded
from ml.targets import TARGETS
from ml.understand import Past, split_or_refuse
from warehouse.artifacts import Artifact
from warehouse.contracts import silver, ticket_features
from warehouse.contracts.features import EMBEDDINGS
from warehouse.delta import Lake

PAST = (silver.TICKETS, ticket_features.TICKETS, EMBEDDINGS)
"""The tables that are read."""
MOST_ROWS = 40_000
"""The newest tickets are learned from: what is older says less, and costs as much."""
COLUMNS = ["ticket_id", "created_at", "resolved_at", "language", *WORDS, *(target.column for target in TARGETS)]


def read_past(lake: Lake, encoder: Artifact) -> Past:
    """The newest tickets with what was known of each when it was opened. Raises `NothingToLearn`."""
    versions = {table.path: lake.data_version(table) or 0 for table in PAST}
    rows = lake.scan(silver.TICKETS).select(COLUMNS).sort("created_at", "ticket_id").tail(MOST_ROWS).collect()
    vectors = lake.scan(EMBEDDINGS).filter(pl.col("encoder") == encoder.card["encoder"]).collect()
    features, dimension = lake.read(ticket_features.TICKETS), sum(encoder.card["blocks"].values())
    inputs = assemble(rows, encoded(rows), features, vectors, dimension)
    split = split_or_refuse(time_split(rows["created_at"]))
    now = rows.select(pl.max_horizontal(pl.col("created_at").max(), pl.col("resolved_at").max())).item()
    return Past(rows.drop(WORDS), inputs.counted_once(), split, now, versions)
