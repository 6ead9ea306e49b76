"""What a judge of answers is worth: whether it tells those that resolve from those that do not, and by how much it is
off."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.answer.outcomes import OUTCOME
from ml.answer.score import auroc, calibration_error
from ml.evaluate.measures import Interval
from ml.evaluate.solving import remedies
from warehouse.errors import NotMaterialized

CHANCE, ROUTED, THIN = "probability", "to_person", "thin"
COLUMNS = (CHANCE, OUTCOME, ROUTED, THIN)
DRAWS = 300
"""Resamples of the answers."""
FEWEST = 30
"""Answers of a kind below which nothing is said of it."""
Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats], float]


def measured(answers: pl.DataFrame, *, seed: int, by: Sequence[str] = ()) -> dict[str, Any]:
    """Measures of judged answers, and the same for each value of the columns `by`.

    `answers` has `probability` (that it resolves; null where no judge has learned), `resolved` (0 to 1, null: not
    known), `to_person` and `thin`.
    `auroc`, its `auroc_ceiling` (of who knows the true chances; 1 where outcomes are certain), and `ece` are each a
    value with the bounds that hold 95 % of bootstrap resamples, of answers whose outcome is known; null where all are
    alike.
    Resampling adds noise of its own to `ece`: its bounds lie high. `resolved_answered` is the mean outcome of what was
    not routed to a person.
    """
    known = answers.drop_nulls(OUTCOME)
    outcome, chance = (known.drop_nulls(CHANCE)[name].cast(pl.Float64).to_numpy() for name in (OUTCOME, CHANCE))
    answered = known.filter(~pl.col(ROUTED))
    found: dict[str, Any] = {
        "answers": answers.height,
        "known": known.height,
        "resolved": _mean(known[OUTCOME]),
        "said": _mean(known[CHANCE].drop_nulls()),
        "auroc": _interval(outcome, chance, auroc, seed),
        "auroc_ceiling": _interval(outcome, outcome, auroc, seed),
        "ece": _interval(outcome, chance, calibration_error, seed),
        "to_person": _mean(answers[ROUTED]),
        "thin": _mean(answers[THIN]),
        "resolved_answered": _mean(answered[OUTCOME]),
    }
    for name in by:
        kinds = answers.drop_nulls(name).group_by(name).len().filter(pl.col("len") >= FEWEST)[name].sort()
        found[f"by_{name}"] = {str(kind): measured(answers.filter(pl.col(name) == kind), seed=seed) for kind in kinds}
    return msgspec.to_builtins(found)  # type: ignore[no-any-return]


def by_truth(answers: pl.DataFrame, attempts: pl.DataFrame, truth: Path) -> pl.DataFrame:
    """`answers` (ticket_id, and solution_id: what they put first) with `resolved`: how often that truly resolves it.

    0 where an answer puts nothing first; null for tickets, and for solutions, of which the truth knows nothing.
    `attempts` tell which true remedy a solution stands for. Raises `NotMaterialized` where `truth` holds none.
    """
    needed = ("tickets", "solutions")
    if any(not (truth / f"{name}.parquet").exists() for name in needed):
        raise NotMaterialized(str(truth), "name the folder of truth that `ticketlake simulate` wrote")
    tickets, rates = (pl.read_parquet(truth / f"{name}.parquet") for name in needed)
    standing = remedies(attempts, tickets.select("ticket_id", "solved_by")).select("solution_id", "remedy")
    causes = tickets.select("ticket_id", "cause").unique("ticket_id")
    chances = rates.select("cause", remedy="solution", chance=pl.col("success").cast(pl.Float64))
    joined = (
        answers.select("ticket_id", "solution_id")
        .join(causes, on="ticket_id", how="left", maintain_order="left")
        .join(standing, on="solution_id", how="left", maintain_order="left")
        .join(chances, on=["cause", "remedy"], how="left", maintain_order="left")
    )
    known = pl.col("cause").is_not_null() & (pl.col("solution_id").is_null() | pl.col("remedy").is_not_null())
    chance = pl.when(known).then(pl.col("chance").fill_null(0.0))
    return answers.with_columns(joined.select(chance.alias(OUTCOME)).to_series())


def _mean(values: pl.Series) -> float | None:
    return float(values.cast(pl.Float64).mean()) if len(values) else None  # type: ignore[arg-type]


def _interval(outcome: Floats, chance: Floats, measure: Measure, seed: int) -> Interval | None:
    if len(outcome) < FEWEST or not 0 < outcome.mean() < 1:
        return None
    draws = np.random.default_rng(seed).integers(len(outcome), size=(DRAWS, len(outcome)))
    drawn = [measure(outcome[rows], chance[rows]) for rows in draws if 0 < outcome[rows].mean() < 1]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(measure(outcome, chance), float(low), float(high))
