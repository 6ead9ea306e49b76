"""Evidently's report of what was compared, with our thresholds: one page that opens without a network."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ml.anomaly.drift.columns import JENSEN_SHANNON, WASSERSTEIN
from ml.anomaly.drift.tables import Pair, frames, labelled

BEYOND_REACH = 1e6
"""Shown where no distance is called drift."""


def write(compared: Sequence[Pair], thresholds: Mapping[str, float], file: Path) -> Mapping[str, float]:
    """Write the page; returns Evidently's own distance of each column, by name, as `thresholds` are.

    A column that has no value at all on one side is left out, for Evidently refuses it: what is missing is a column of
    its own.
    """
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    sides, labels = frames(compared), labelled(compared)
    names = [name for name in labels if labels[name] or not any(np.isnan(side[name]).all() for side in sides)]
    definition = DataDefinition(
        numerical_columns=[name for name in names if not labels[name]],
        categorical_columns=[name for name in names if labels[name]],
    )
    reference, current = (
        Dataset.from_pandas(pd.DataFrame({name: pd.Series(side[name]) for name in names}), definition) for side in sides
    )
    preset = DataDriftPreset(
        columns=names,
        num_method=WASSERSTEIN,
        cat_method=JENSEN_SHANNON,
        # Evidently says drift at the threshold, too; a threshold of nothing would find it where nothing moved.
        per_column_threshold={name: min(thresholds[name], BEYOND_REACH) + 1e-9 for name in names},
    )
    done = Report([preset], include_tests=True).run(current, reference)
    file.parent.mkdir(parents=True, exist_ok=True)
    done.save_html(str(file))
    values = [metric for metric in done.dict()["metrics"] if metric["config"]["type"].endswith("ValueDrift")]
    return {metric["config"]["column"]: float(metric["value"]) for metric in values}
