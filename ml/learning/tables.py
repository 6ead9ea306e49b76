"""Judgements as rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ml.learning.judge import Judged


def row(
    judged: Judged,
    *,
    target: str,
    challenger: str,
    champion: str,
    because: str,
    annotators: Mapping[str, float],
    data: Mapping[str, int],
    now: datetime,
) -> dict[str, Any]:
    """A row of `learning/judgements`."""
    newest, frozen = judged.newest, judged.frozen
    found: dict[str, Any] = {
        "target": target,
        "challenger": challenger,
        "champion": champion,
        "verdict": "promoted" if judged.verdict.promoted else "refused",
        "reasons": judged.verdict.reasons,
        "trained_because": because,
        "judged_at": now,
        "annotators": _json({name: round(right, 4) for name, right in annotators.items()}),
        "data": _json(data),
    }
    if newest is not None:
        found |= {"measure": newest.measure, "rows": newest.rows, "gain": newest.gain.value}
        found |= {"gain_low": newest.gain.low, "gain_high": newest.gain.high}
        for who, one in (("challenger", newest.challenger), ("champion", newest.champion)):
            found |= {f"{who}_value": one.value, f"{who}_low": one.low, f"{who}_high": one.high}
    if frozen is not None:
        gain = frozen.gain
        found |= {"frozen_rows": frozen.rows, "frozen_gain": gain.value}
        found |= {"frozen_low": gain.low, "frozen_high": gain.high}
    slices = {where: one.slices for where, one in (("newest", newest), ("frozen", frozen)) if one is not None}
    return {**found, "slices": _json(msgspec.to_builtins(slices))}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
