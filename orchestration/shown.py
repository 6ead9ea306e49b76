"""Models as people look at them: which there are, what became of each, one beside another."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl

from orchestration.standing import NAMES
from warehouse import artifacts, pins, releases
from warehouse.artifacts import Artifact
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.delta import Lake
from warehouse.errors import NotKnown


def listed(lake: Lake) -> list[dict[str, Any]]:
    """Every model that is kept, the newest of each target first: its state, and what the gate said last."""
    judged = _judgements(lake)
    served = releases.current(lake.root)
    held = pins.pinned(lake.root)
    found = []
    for name, digest, place in artifacts.stored(lake.root):
        if name not in NAMES.values():
            continue
        said = judged.get((name, digest))
        at = datetime.fromtimestamp((place / artifacts.CARD).stat().st_mtime, UTC)
        found.append(
            {
                "name": name,
                "digest": digest,
                "state": _state(name, digest, served, held, said),
                "trained_at": at.isoformat(timespec="seconds"),
                "verdict": said["verdict"] if said else None,
                "gain": said["gain"] if said else None,
                "reasons": said["reasons"] if said else [],
            }
        )
    return sorted(found, key=lambda one: (one["name"], one["trained_at"]), reverse=True)


def find(lake: Lake, name: str, digest: str | None = None) -> Artifact:
    """The model of that name (`category` or `models/category`) and (start of a) digest; without one, the served one.

    Raises `NotKnown` where there is none, or several begin so.
    """
    full = name if name.startswith("models/") else f"models/{name}"
    if digest is None:
        manifest = releases.current(lake.root)
        digest = manifest.artifacts.get(full) if manifest else None
        if digest is None:
            raise NotKnown(full, "`ticketlake models list` names those that there are")
    found = [one for stored, one, _ in artifacts.stored(lake.root) if stored == full and one.startswith(digest)]
    if len(found) != 1:
        many = f"{len(found)} models begin with {digest}" if found else f"none begins with {digest}"
        raise NotKnown(f"{full} {digest}", f"{many}; `ticketlake models list` names those that there are")
    return artifacts.load(lake.root, full, found[0])


def card(lake: Lake, model: Artifact) -> dict[str, Any]:
    """The card, with every judgement of the model, the newest first."""
    rows = _rows(lake).filter(target=model.name.removeprefix("models/"), challenger=model.digest)
    said = [_plain(row) for row in rows.sort("judged_at", descending=True).iter_rows(named=True)]
    return {"name": model.name, "digest": model.digest, "card": dict(model.card), "judgements": said}


def compared(lake: Lake, one: Artifact, other: Artifact) -> dict[str, Any]:
    """Two models of one target: what each measured on its own newest tickets, and what the gate said of the pair."""
    sides = [{"digest": model.digest, **_measures(model.card)} for model in (one, other)]
    pair = pl.col("challenger").is_in([one.digest, other.digest]) & pl.col("champion").is_in([one.digest, other.digest])
    rows = _rows(lake).filter((pl.col("target") == one.name.removeprefix("models/")) & pair).sort("judged_at").tail(1)
    judged = _plain(rows.row(0, named=True)) if rows.height else None
    return {"name": one.name, "models": sides, "judgement": judged}


def _state(
    name: str,
    digest: str,
    served: releases.Manifest | None,
    held: pins.Pin | None,
    said: Mapping[str, Any] | None,
) -> str:
    if served is not None and served.artifacts.get(name) == digest:
        return "serves, pinned" if held is not None and held.models.get(name) == digest else "serves"
    return "kept" if said is None else str(said["verdict"])


def _measures(found: Mapping[str, Any]) -> dict[str, Any]:
    test = found.get("measures", {}).get("test", {})
    shown = {
        name: value for name, value in test.items() if isinstance(value, int | float | dict) and "per_" not in name
    }
    return {"method": found.get("method"), "rows": found.get("rows"), "classes": found.get("classes"), "test": shown}


def _rows(lake: Lake) -> pl.DataFrame:
    return lake.read(JUDGEMENTS) if lake.exists(JUDGEMENTS) else pl.DataFrame(schema=JUDGEMENTS.schema)


def _judgements(lake: Lake) -> dict[tuple[str, str], dict[str, Any]]:
    rows = _rows(lake).sort("judged_at")
    return {(NAMES[row["target"]], row["challenger"]): row for row in rows.iter_rows(named=True)}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    parsed = {name: msgspec.json.decode(row[name]) for name in ("slices", "annotators", "data") if row[name]}
    return {**row, **parsed, "judged_at": row["judged_at"].isoformat()}
