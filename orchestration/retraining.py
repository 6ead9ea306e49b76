"""Whether models should be trained again, and why: what the sensor asks, and whoever wants to know."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import polars as pl

from ml.anomaly.drift.parts import Learned
from ml.learning.reasons import Reason, told, why_drift, why_time
from orchestration import standing
from orchestration.defs.models import Training
from orchestration.past import corrections
from orchestration.standing import NAMES
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.anomalies import DRIFT
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.delta import Lake
from warehouse.settings import settings

TAG = "ticketlake/because"
LONGEST = 500


@dataclass(frozen=True)
class Decision:
    """What was decided. `because` is None where nothing asks for training; `told` says so, or what asks."""

    because: str | None
    told: str
    key: str = ""
    """The same as long as the same models are asked for, for the same reasons."""
    whatever_grew: bool = False
    """Whether it is a reason that a step of learning would not see by itself."""


def decide(root: Path, now: datetime) -> Decision:
    """Look at what was trained last, whether or not it was promoted, and at what came since."""
    lake, chosen = Lake(root), settings()
    known = {name: model for name in NAMES if (model := standing.trained_last(root, name)) is not None}
    if not known or not lake.exists(silver.TICKETS):
        return Decision(None, "no model was trained yet: `ticketlake build --learn` trains the first")
    found = standing.reasons(lake, known, corrections(lake), growth=Training().growth)
    others = _time(lake, now, chosen.retrain_days)
    if lake.exists(DRIFT):
        after = max(Learned.of(model.card["split"]).last for model in known.values())
        others += why_drift(lake.read(DRIFT), after)
    reasons = [*found, *others]
    if not reasons:
        few = f"fewer than {chosen.retrain_corrections} corrections, no new label, no drift"
        return Decision(None, f"nothing asks for it: {few}, trained within {chosen.retrain_days} days")
    said = told(reasons)
    return Decision(said, said[:LONGEST], _key(known, reasons), whatever_grew=bool(others))


def _time(lake: Lake, now: datetime, days: int) -> list[Reason]:
    if not lake.exists(JUDGEMENTS):
        return []
    last = lake.scan(JUDGEMENTS).select(pl.col("judged_at").max()).collect().item()
    return why_time(last, now, days=days) if last is not None else []


def _key(known: dict[str, Artifact], reasons: list[Reason]) -> str:
    digest = blake2b(digest_size=12)
    for name, model in sorted(known.items()):
        digest.update(f"{name}={model.digest};".encode())
    for one in sorted({(one.kind, one.target or "") for one in reasons}):
        digest.update(f"{one};".encode())
    return digest.hexdigest()
