"""Baselines as files: arrays, and a page of JSON. Nothing that is loaded runs code."""

from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from ml.anomaly.baseline import Baseline, Common
from ml.anomaly.dispersion import Moderation
from ml.anomaly.lasting import Memory
from ml.anomaly.occasions import Effects
from ml.anomaly.panel import Frequency
from ml.anomaly.regression import Prior

ARRAYS, PAGE = "baseline.npz", "baseline.json"


class _Page(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    frequency: Frequency
    begin: datetime
    fitted: int
    seasons: bool
    dispersion: tuple[float, float]


def save(baseline: Baseline, folder: Path) -> None:
    """Write into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    common = baseline.common
    np.savez(
        folder / ARRAYS,
        coefficients=baseline.coefficients,
        covariance=baseline.covariance,
        phi=baseline.phi,
        kind=baseline.kind,
        sizes=baseline.memory.sizes,
        sum=baseline.memory.sum,
        prior_mean=common.prior.mean,
        prior_precision=common.prior.precision,
        effects=common.effects.log,
        differing=common.effects.variance,
        absent=common.absent,
        curve=common.curve,
    )
    spread = (common.dispersion.common, common.dispersion.freedom)
    page = _Page(baseline.names, baseline.frequency, baseline.begin, baseline.fitted, baseline.seasons, spread)
    (folder / PAGE).write_bytes(msgspec.json.encode(page))


def load(folder: Path) -> Baseline:
    """What `save` wrote, to the last bit."""
    page = msgspec.json.decode((folder / PAGE).read_bytes(), type=_Page)
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        stored = dict(file)
    common = Common(
        Prior(stored["prior_mean"], stored["prior_precision"]),
        Moderation(*page.dispersion),
        stored["absent"],
        Effects(stored["effects"], stored["differing"]),
        stored["curve"],
    )
    memory = Memory(stored["sizes"], stored["sum"])
    return Baseline(
        page.names, page.frequency, page.begin, page.fitted, page.seasons,
        stored["coefficients"], stored["covariance"], stored["phi"], stored["kind"], common, memory,
    )  # fmt: skip
