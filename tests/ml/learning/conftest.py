"""Tickets of five subjects in three languages, and models of them that are fitted in a moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from ml.classify.learner import Inputs
from ml.evaluate.splits import time_split
from ml.learning.judge import Model
from ml.targets import CATEGORY
from ml.understand import Past, learn_target

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {
    "access": {"en": ["password", "login", "locked"], "de": ["Kennwort", "Anmeldung", "gesperrt"]},
    "billing": {"en": ["invoice", "refund", "charged"], "de": ["Rechnung", "Erstattung", "Betrag"]},
    "export": {"en": ["download", "csv", "report"], "de": ["Herunterladen", "Tabelle", "Bericht"]},
    "sync": {"en": ["calendar", "rows", "stale"], "de": ["Kalender", "Zeilen", "veraltet"]},
}
NEW = {"en": ["webhook", "signature", "retry"], "de": ["Webhook", "Signatur", "erneut"]}
FILLER = ["please", "help", "today", "team", "again", "still", "bitte", "heute"]
FAMILIES = ("majority", "naive_bayes")
Make = Callable[..., Past]


@pytest.fixture(scope="session")
def make_past() -> Make:
    """Tickets an hour apart; `clear` is the chance that one says a word of its subject."""

    def make(count: int = 1_000, *, clear: float = 0.9, seed: int = 1, new_since: int | None = None) -> Past:
        rng = np.random.default_rng(seed)
        labels = rng.choice(list(WORDS), count)
        languages = np.where(rng.random(count) < 0.7, "en", "de")
        fresh = np.zeros(count, np.bool_)
        if new_since is not None:
            fresh[new_since:] = rng.random(count - new_since) < 0.3
        texts = [
            " ".join(
                [
                    *rng.choice(FILLER, 4),
                    *(rng.choice((NEW if new else WORDS[label])[language], 2) if rng.random() < clear else ()),
                ]
            )
            for label, language, new in zip(labels, languages, fresh, strict=True)
        ]
        opened = [START + timedelta(hours=n) for n in range(count)]
        rows = pl.DataFrame(
            {
                "ticket_id": [f"T-{seed}-{n:05d}" for n in range(count)],
                "created_at": opened,
                "resolved_at": opened,
                "language": languages,
                "tier": rng.choice(["free", "enterprise"], count),
                "category": labels,
                "truth": np.where(fresh, "webhooks", labels),
            },
            schema_overrides={"created_at": pl.Datetime("us", "UTC"), "resolved_at": pl.Datetime("us", "UTC")},
        )
        table = pl.DataFrame(
            {"hour": rng.random(count).astype(np.float32), "noise": rng.random(count).astype(np.float32)}
        )
        inputs = Inputs(pl.Series(texts), np.zeros((count, 0), np.float32), table)
        split = time_split(rows["created_at"])
        assert split is not None
        return Past(rows, inputs, split, opened[-1], {"silver/tickets": 1, "learning/regression": 1})

    return make


@pytest.fixture(scope="session")
def learn() -> Callable[..., Model[Any]]:
    """A model of the categories, with its card."""

    def learned(past: Past, families: tuple[str, ...] = FAMILIES, **changed: Any) -> Model[Any]:
        target = replace(CATEGORY, novel=False)
        found = learn_target(replace(past, **changed), target, families, seed=1)
        return Model(found.champion, found.card.as_dict())

    return learned
