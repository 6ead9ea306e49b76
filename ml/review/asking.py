"""What it would be worth to ask a person about tickets that models answered."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from ml.answers import Given, answer
from ml.classify.champion import Champion
from ml.classify.learner import Inputs
from ml.review import worth
from ml.review.choose import drawn, review_id
from ml.review.uncertainty import Floats, margin, vote_entropy
from ml.review.worth import Vectors
from ml.targets import TARGETS
from warehouse.contracts.review import SCORES

COLUMNS = {target.name: target.column for target in TARGETS}
"""The field of each target."""


def scores(
    tickets: pl.DataFrame,
    inputs: Inputs,
    champions: Mapping[str, tuple[Champion, str]],
    near: tuple[Vectors, Vectors],
) -> pl.DataFrame:
    """Rows of `learning/review_scores`: each ticket (ticket_id, created_at, customer_tier, text_hash) by each target.

    `champions` come with their digests; `near` are the tickets' vectors (n, d) and those of a pool (m, d), of unit
    length.
    """
    density = worth.density(*near)
    frames = [pl.DataFrame(schema=SCORES.schema)]
    for target, given in answer({name: one for name, (one, _) in champions.items()}, inputs, _fails).items():
        (champion, model), field = champions[target], COLUMNS[target]
        votes = [member.probabilities(inputs) for member in champion.members if member is not given.member]
        split: Floats | None = vote_entropy([given.probabilities, *votes]) if votes else None
        said = {
            "review_id": [review_id(ticket, field, model) for ticket in tickets["ticket_id"]],
            "label": pl.Series(given.classes, dtype=pl.String).gather(given.best),
            "rival": _rivals(given),
            "confidence": given.probabilities.max(axis=1),
            "uncertainty": margin(given.probabilities),
            "disagreement": split if split is not None else np.full(len(tickets), np.nan),
            "density": density,
            "cost": [worth.cost(target, tier) for tier in tickets["customer_tier"]],
            "drawn": [drawn(ticket, field) for ticket in tickets["ticket_id"]],
        }
        rows = pl.concat([tickets.select("ticket_id", "created_at", "text_hash"), pl.DataFrame(said)], how="horizontal")
        rows = rows.with_columns(
            pl.col("disagreement").fill_nan(None),
            field=pl.lit(field),
            target=pl.lit(target),
            model=pl.lit(model),
        )
        frames.append(rows.select(SCORES.schema.names()).cast(SCORES.schema))
    return pl.concat(frames)


def _rivals(given: Given) -> pl.Series:
    """The label that each ticket would have if not the likeliest; null where there is no other."""
    if len(given.classes) < 2:
        return pl.repeat(None, len(given.probabilities), dtype=pl.String, eager=True)
    second = given.probabilities.argsort(axis=1)[:, -2]
    return pl.Series(given.classes, dtype=pl.String).gather(second)


def _fails(target: str, family: str, error: Exception) -> None:
    """A score without the champion would be another model's doubt."""
    raise error
