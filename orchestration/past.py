"""What learning reads of the lake: the newest tickets, with what was known of each when it was opened."""

from collections.abc import Mapping, Sequence

import polars as pl

from ml.evaluate.splits import time_split
from ml.inputs import WORDS, assemble, encoded
from ml.learning import annotators
from ml.learning.parts import learned_from, parts
from ml.targets import TARGETS
from ml.understand import Past, split_or_refuse
from warehouse.artifacts import Artifact
from warehouse.contracts import learning, silver, ticket_features
from warehouse.contracts.features import EMBEDDINGS
from warehouse.delta import Lake
from warehouse.table import TIMESTAMP

PAST = (silver.TICKETS, silver.LABELS, ticket_features.TICKETS, EMBEDDINGS, learning.REGRESSION)
"""The tables that are read."""
MOST_ROWS = 40_000
"""The newest tickets are learned from: what is older says less, and costs as much."""
GROUPS = {"language": "language", "customer_tier": "tier"}
COLUMNS = ["ticket_id", "created_at", "resolved_at", *GROUPS, *WORDS, *(target.column for target in TARGETS)]
SEED = 7
FACTS: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("ticket_id", "field", "value", "source", "actor_id"), pl.String),
    "said_at": TIMESTAMP,
    "event_id": pl.String,
}


def corrections(lake: Lake) -> pl.DataFrame:
    """Labels that people put right, with who and when, in the order in which they were said (columns `FACTS`)."""
    if not lake.exists(silver.LABELS):
        return pl.DataFrame(schema=FACTS)
    facts = lake.scan(silver.LABELS).filter(pl.col("kind") == "corrected").rename({"label_id": "event_id"})
    return facts.select(FACTS.keys()).sort("said_at", "event_id").collect()


def corrected(facts: pl.DataFrame) -> list[str]:
    """Tickets of which people put a label right that is predicted."""
    columns = [target.column for target in TARGETS]
    return facts.filter(pl.col("field").is_in(columns))["ticket_id"].unique(maintain_order=True).to_list()


def taught(lake: Lake) -> list[str]:
    """Corrected tickets that models learn from, or are chosen by, however new they are."""
    return learned_from(corrected(corrections(lake)))


def read_past(lake: Lake, encoder: Artifact) -> Past:
    """The newest tickets with what was known of each when it was opened. Raises `NothingToLearn`."""
    versions = {table.path: lake.data_version(table) or 0 for table in PAST if lake.exists(table)}
    rows = newest(lake)
    vectors = lake.scan(EMBEDDINGS).filter(pl.col("encoder") == encoder.card["encoder"]).collect()
    features, dimension = lake.read(ticket_features.TICKETS), sum(encoder.card["blocks"].values())
    inputs = assemble(rows, encoded(rows), features, vectors, dimension).counted_once()
    split = split_or_refuse(time_split(rows["created_at"]))
    now = rows.select(pl.max_horizontal(pl.col("created_at").max(), pl.col("resolved_at").max())).item()
    rows, facts = rows.drop(WORDS), corrections(lake)
    dealt = parts(rows, split, corrected(facts), frozen(lake)["ticket_id"].unique())
    past = Past(rows, inputs, split, now, versions, dealt, learned_from(corrected(facts)))
    return past.trusting(_trust(past, facts))


def newest(lake: Lake, columns: Sequence[str] = COLUMNS) -> pl.DataFrame:
    """The tickets that are learned from, in the order of time."""
    found = lake.scan(silver.TICKETS).select(columns).sort("created_at", "ticket_id").tail(MOST_ROWS).collect()
    return found.rename({name: group for name, group in GROUPS.items() if name in columns})


def frozen(lake: Lake) -> pl.DataFrame:
    """The rows of `learning/regression`; none before they are frozen."""
    if not lake.exists(learning.REGRESSION):
        return pl.DataFrame(schema=learning.REGRESSION.schema)
    return lake.read(learning.REGRESSION)


def _trust(past: Past, facts: pl.DataFrame) -> Mapping[str, tuple[dict[str, float], dict[str, float]]]:
    """By column: how far each corrected label is to be trusted, and each who corrected."""
    found = {}
    for target in TARGETS:
        mine = facts.filter(pl.col("field") == target.column)
        labels = past.rows.select(target.labels().alias("label"))["label"]
        known = labels.is_not_null().arg_true().to_numpy()
        if mine.is_empty() or not len(known):
            continue
        ids = past.rows["ticket_id"].gather(known)
        weights, right = annotators.trust(ids, labels.gather(known), past.inputs.take(known), mine, seed=SEED)
        found[target.column] = (dict(weights.iter_rows()), right)
    return found
