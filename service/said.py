"""What models last said of tickets: as it was given to somebody who asked, else as the lake predicts it."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import polars as pl

from operations.predictions import GivenPrediction, Predictions
from warehouse import releases
from warehouse.contracts import predictions
from warehouse.reading import Tables


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One target of one ticket. `decision` is known of predictions that were given, `prediction_id` names these."""

    target: str
    label: str | None
    confidence: float | None
    decision: str | None = None
    prediction_id: str | None = None


class _Body(msgspec.Struct):
    targets: dict[str, dict[str, Any]]


_bodies = msgspec.json.Decoder(_Body)
Sayings = Mapping[str, Mapping[str, Said]]
"""By ticket, by target."""


def newest(
    lake: Tables, given: Predictions | None, ticket_ids: Collection[str], silent: Collection[str] = ()
) -> Sayings:
    """The newest of each ticket; those of which nothing was said are left out. Without a store, as the lake has it.

    Of targets that are `silent`, because there is nothing to learn, the lake's predictions are not shown.
    """
    return {**_predicted(lake, ticket_ids, silent), **({} if given is None else told(given, ticket_ids))}


def told(given: Predictions, ticket_ids: Collection[str]) -> Sayings:
    """The newest that was given of each ticket; those of which none was are left out."""
    return {one.ticket_id: _given(one) for one in given.newest(ticket_ids) if one.ticket_id is not None}


def _given(one: GivenPrediction) -> dict[str, Said]:
    return {
        target: Said(
            target=target,
            label=said.get("label"),
            confidence=said.get("confidence"),
            decision=said.get("decision"),
            prediction_id=one.prediction_id,
        )
        for target, said in _bodies.decode(one.body).targets.items()
    }


def _predicted(lake: Tables, ticket_ids: Collection[str], silent: Collection[str]) -> dict[str, dict[str, Said]]:
    """By the models of the current release, where these predicted it; else by whichever did."""
    if not ticket_ids or not lake.exists(predictions.TICKETS):
        return {}
    current = releases.current(lake.root)
    served = list(current.artifacts.values()) if current is not None else []
    rows = (
        lake.scan(predictions.TICKETS)
        .filter(
            pl.col("ticket_id").is_in(list(ticket_ids)),
            pl.col("label").is_not_null(),
            ~pl.col("target").is_in(list(silent)),
        )
        .with_columns(served=pl.col("model").is_in(served))
        .sort("served", "model")
        .select("ticket_id", "target", "label", "confidence")
        .collect()
    )
    found: dict[str, dict[str, Said]] = {}
    for ticket_id, target, label, confidence in rows.iter_rows():
        found.setdefault(ticket_id, {})[target] = Said(target=target, label=label, confidence=confidence)
    return found
