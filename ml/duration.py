"""How long until a ticket is resolved: an interval of hours, learned from open tickets too.

Location: accelerated failure time with boosted trees (Barnwal, Cho, Hocking, "Survival regression with accelerated
failure time model in XGBoost", 2022). Spread: the Kaplan-Meier quantiles of what the location missed on later tickets,
in groups of like locations, so that 80 of 100 intervals hold (split conformal prediction under censoring, after
Candès, Lei, Ren, "Conformalized survival analysis", 2023).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Inputs
from ml.classify.preparation import Preparation
from warehouse.errors import ContractBroken, NothingToLearn

FORMAT = 1
RESOLUTION_TIME = "resolution_time"
QUANTILES = (0.1, 0.5, 0.9)
GROUPS = 4
FEWEST = 100
PARAMETERS: dict[str, Any] = {
    "objective": "survival:aft",
    "aft_loss_distribution": "logistic",
    "aft_loss_distribution_scale": 1.0,
    "eta": 0.1,
    "max_depth": 4,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "min_child_weight": 5,
    "nthread": 2,
}
ROUNDS = 300
PATIENCE = 20

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Durations:
    """Hours of n tickets as known at one moment: until resolved, or until that moment where `open`."""

    hours: Floats
    open: Flags

    def take(self, places: NDArray[np.int64]) -> "Durations":
        """The tickets at these places."""
        return Durations(self.hours[places], self.open[places])


def durations(rows: pl.DataFrame, now: datetime) -> Durations:
    """From `created_at` and `resolved_at`: what is resolved after `now` is still open then. At least a minute."""
    ended = pl.col("resolved_at").is_not_null() & (pl.col("resolved_at") <= now)
    until = pl.when(ended).then(pl.col("resolved_at")).otherwise(pl.lit(now))
    hours = (until - pl.col("created_at")).dt.total_seconds() / 3600
    found = rows.select(hours.clip(1 / 60).alias("hours"), (~ended).alias("open"))
    return Durations(found["hours"].to_numpy().astype(np.float64), found["open"].to_numpy())


class ResolutionTime:
    """Quantiles of the hours until a ticket is resolved."""

    def __init__(
        self, preparation: Preparation, booster: Any, borders: list[float], spreads: list[list[float]]
    ) -> None:
        """`borders` part the locations (log hours) into groups; `spreads` holds, by group, the quantiles' offsets."""
        self._preparation = preparation
        self._booster = booster
        self._borders = borders
        self._spreads = spreads

    @classmethod
    def fit(
        cls, train: Inputs, durations: Durations, validation: Inputs, validation_durations: Durations, *, seed: int
    ) -> Self:
        """Learn locations from `train` and spreads from `validation`. Raises `NothingToLearn` for too few resolved."""
        import xgboost as xgb

        for part, known in (("train", durations), ("validation", validation_durations)):
            if (~known.open).sum() < FEWEST:
                found = f"{int((~known.open).sum())} resolved tickets in the {part} part"
                raise NothingToLearn(f"models/resolution_time: found {found}, expected at least {FEWEST}.")
        preparation = Preparation.fit(train)
        parts = [
            _bounded(preparation, inputs, known)
            for inputs, known in ((train, durations), (validation, validation_durations))
        ]
        booster = xgb.train(
            {**PARAMETERS, "seed": seed},
            parts[0],
            ROUNDS,
            evals=[(parts[1], "validation")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        booster = booster[: booster.best_iteration + 1]
        model = cls(preparation, booster, [], [[0.0] * len(QUANTILES)])
        location = model._locations(validation)
        missed = np.log(validation_durations.hours) - location
        borders = np.unique(np.quantile(location, np.linspace(0, 1, GROUPS + 1)[:-1]))[1:]
        borders = borders[borders < location.max()]
        group = np.searchsorted(borders, location)
        spreads = [
            survival_quantiles(missed[group == g], validation_durations.open[group == g], QUANTILES)
            for g in range(len(borders) + 1)
        ]
        return cls(preparation, booster, [float(border) for border in borders], spreads)

    def predict(self, inputs: Inputs) -> pl.DataFrame:
        """Hours at which a tenth, half and nine tenths of such tickets are resolved: `p10`, `p50`, `p90`."""
        location = self._locations(inputs)
        offsets = np.array(self._spreads)[np.searchsorted(self._borders, location)]
        hours = np.exp(location[:, None] + offsets)
        return pl.DataFrame({f"p{round(100 * q)}": hours[:, at] for at, q in enumerate(QUANTILES)})

    def save(self, folder: Path) -> None:
        """Write `model.json` and `trees.ubj`."""
        self._booster.save_model(folder / "trees.ubj")
        described = _State(FORMAT, self._preparation, self._borders, self._spreads)
        (folder / "model.json").write_bytes(msgspec.json.encode(described))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        import xgboost as xgb

        state = msgspec.json.decode((folder / "model.json").read_bytes(), type=_State)
        if state.format != FORMAT:
            found = f"{folder.name} has model format {state.format}, expected {FORMAT}"
            raise ContractBroken(f"{found}. Train it again.")
        # One ticket is answered sooner by one thread than by two that have to meet.
        booster = xgb.Booster({"nthread": 1})
        booster.load_model(folder / "trees.ubj")
        return cls(state.preparation, booster, state.borders, state.spreads)

    def _locations(self, inputs: Inputs) -> Floats:
        """Log hours."""
        columns = _columns(self._preparation, inputs)
        margins: Floats = self._booster.inplace_predict(columns, predict_type="margin").astype(np.float64)
        return margins


class _State(msgspec.Struct, frozen=True):
    format: int
    preparation: Preparation
    borders: list[float]
    spreads: list[list[float]]


def _columns(preparation: Preparation, inputs: Inputs) -> NDArray[np.float32]:
    """Features alone: sentence vectors made it nine times slower and no better (12,000 simulated tickets)."""
    found = preparation.table(inputs.table)
    return found if found.shape[1] else np.zeros((len(inputs), 1), np.float32)


def _bounded(preparation: Preparation, inputs: Inputs, known: Durations) -> Any:
    import xgboost as xgb

    matrix = xgb.DMatrix(_columns(preparation, inputs), nthread=2)
    matrix.set_float_info("label_lower_bound", known.hours)
    matrix.set_float_info("label_upper_bound", np.where(known.open, np.inf, known.hours))
    return matrix


def survival_quantiles(times: Floats, censored: Flags, quantiles: tuple[float, ...]) -> list[float]:
    """Where the Kaplan-Meier curve of `times` has fallen by each quantile; the last time where it never falls so far.

    Kaplan and Meier, "Nonparametric estimation from incomplete observations" (1958).
    """
    order = np.lexsort((censored, times))
    at_risk = np.arange(len(times), 0, -1)
    fallen = 1 - np.cumprod(np.where(censored[order], 1.0, 1 - 1 / at_risk))
    places = np.searchsorted(fallen, np.array(quantiles) - 1e-12)
    return [float(times[order][min(place, len(times) - 1)]) for place in places]


def coverage(rows: pl.DataFrame, known: Durations) -> float:
    """Share of resolved tickets whose hours lie between `p10` and `p90`; open ones count where they cannot be outside.

    An open ticket that has waited beyond `p90` was missed; one that has not is left out.
    """
    low, high = rows["p10"].to_numpy(), rows["p90"].to_numpy()
    inside = (known.hours >= low) & (known.hours <= high) & ~known.open
    judged = ~known.open | (known.hours > high)
    return float(inside[judged].mean()) if judged.any() else float("nan")
