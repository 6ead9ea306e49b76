"""What is tried of each family: names of hyperparameters with the range that is searched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna import Trial

Range = tuple[float, float, str]
"""Least, most, and how: `log` or `linear` for real numbers, `whole` for integers."""

SPACES: Mapping[str, Mapping[str, Range]] = {
    "naive_bayes": {"alpha": (0.02, 1.0, "log")},
    "decision_tree": {"max_depth": (4, 24, "whole"), "min_samples_leaf": (2, 40, "whole")},
    "random_forest": {"max_depth": (8, 40, "whole"), "min_samples_leaf": (1, 8, "whole")},
    "linear_svm": {
        "words": (0.5, 1.5, "linear"),
        "pieces": (0.0, 1.0, "linear"),
        "vectors": (0.5, 3.0, "linear"),
        "strength": (0.05, 2.0, "log"),
    },
    "xgboost": {
        "eta": (0.05, 0.4, "log"),
        "max_depth": (2, 7, "whole"),
        "min_child_weight": (1, 12, "log"),
        "colsample_bytree": (0.2, 0.8, "linear"),
    },
    "catboost": {
        "learning_rate": (0.08, 0.5, "log"),
        "depth": (3, 6, "whole"),
        "l2_leaf_reg": (1.0, 20.0, "log"),
        "meanings": (16, 64, "whole"),
    },
    "keras": {
        "hidden": (64, 256, "whole"),
        "dropout": (0.2, 0.6, "linear"),
        "learning_rate": (5e-4, 5e-3, "log"),
    },
    "torch": {
        "hidden": (64, 256, "whole"),
        "dropout": (0.2, 0.6, "linear"),
        "learning_rate": (1e-3, 1e-2, "log"),
        "weight_decay": (1e-4, 0.1, "log"),
    },
}
"""Families that are not here have nothing worth tuning."""


def suggest(trial: "Trial", family: str) -> dict[str, Any]:
    """Hyperparameters for a trial."""
    found: dict[str, Any] = {}
    for name, (low, high, how) in SPACES[family].items():
        if how == "whole":
            found[name] = trial.suggest_int(name, int(low), int(high))
        else:
            found[name] = trial.suggest_float(name, low, high, log=how == "log")
    return found
