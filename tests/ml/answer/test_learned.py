"""A judge learned from past tickets that were answered from what was known before them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.answer.features import NAMES
from ml.answer.learned import Known, learn
from ml.answer.score import Quality
from ml.retrieve.past import Past
from ml.text.entities import Catalogue
from warehouse.errors import NothingToLearn

KINDS = 4
START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("import columns shifted", "login password refused", "report slow timeout", "invoice amount wrong")


def past(tickets, seed=0):
    """Four kinds of problems, each with its solution. The vectors of the last two kinds cannot be told apart, so that
    answers to these help half as often."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(KINDS, size=tickets)
    at = [START + timedelta(hours=3 * place) for place in range(tickets)]
    ids = [f"TK-{place:04}" for place in range(tickets)]
    blurred = np.where(kind >= 2, 2, kind)
    vectors = np.eye(8, dtype=np.float32)[blurred] + 0.15 * rng.normal(size=(tickets, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    said = [WORDS[one] if one < 2 else "something is wrong" for one in kind]
    nothing = pl.lit(None, pl.String)
    problems = pl.DataFrame({"ticket_id": ids, "created_at": at, "title": said}).with_columns(
        body=pl.col("title") + " since this morning", errors=pl.lit(""), language=pl.lit("en"), customer_id=nothing,
        product=nothing, product_version=nothing, product_module=nothing, category=nothing, subcategory=nothing,
        customer_tier=nothing, region=nothing, resolved_at="created_at", text_hash="ticket_id",
    )  # fmt: skip
    tried = pl.DataFrame(
        {"ticket_id": ids, "solution_id": [f"SOL-{one}" for one in kind], "succeeded": True, "saying": "Done."}
    ).with_columns(at=pl.Series(at))
    solutions = pl.DataFrame(
        {"solution_id": [f"SOL-{one}" for one in range(KINDS)], "text": [f"{one} was mended." for one in WORDS]}
    ).with_columns(last_at=pl.lit(at[-1]))
    return Past(
        problems=problems, solutions=solutions, attempts=tried, vectors=vectors, shared=vectors, encoder="e",
        said=pl.DataFrame(schema={"ticket_id": pl.String, "target": pl.String, "label": pl.String,
                                  "confidence": pl.Float64}),
    )  # fmt: skip


def known(tickets):
    of = past(tickets)
    passages = pl.DataFrame(
        {"passage_id": ["KB-1#1", "KB-2#1"], "article_id": ["KB-1", "KB-2"], "title": ["Import", "Tomorrow"],
         "path": ["", ""], "body": ["Columns shift when the profile is old.", "From the future."], "errors": ["", ""],
         "language": ["en", "en"], "created_at": [START, START + timedelta(days=900)], "updated_at": [START, None]},
        schema_overrides={"updated_at": pl.Datetime("us", "UTC")},
    )  # fmt: skip
    members = of.problems.select("ticket_id", issue_id=pl.lit(None, pl.String)).drop_nulls()
    vectors = np.eye(8, dtype=np.float32)[:2]
    return Known(past=of, passages=passages, vectors=vectors, members=members, catalogue=Catalogue())


@pytest.fixture(scope="module")
def learned():
    return learn(known(560), None, seed=1)


def test_which_answers_resolve_is_learned_from_what_became_of_others(learned):
    quality, card = learned

    assert quality.made == "learned"
    assert card["measured"]["auroc"]["low"] > 0.6
    assert card["measured"]["ece"]["value"] < 0.2


def test_the_card_says_what_was_learned_from_and_how_good_it_is(learned):
    _, card = learned
    rows = card["rows"]

    assert rows["learned_from"] + rows["judged_by"] == rows["answers"] == 112
    assert card["split"]["asked_from"] < card["split"]["judged_from"]
    assert set(card["weights"]) == set(NAMES)
    assert set(card["measured"]["by_language"]) == {"en"}
    assert card["shipped"]["known"] == card["measured"]["known"] == rows["judged_by"]


def test_what_is_saved_is_what_was_learned(learned, tmp_path):
    quality, _ = learned
    quality.save(tmp_path)

    assert Quality.load(tmp_path) == quality


def test_too_few_tickets_teach_nothing():
    with pytest.raises(NothingToLearn):
        learn(known(200), None, seed=1)
