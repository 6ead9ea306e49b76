"""What is worth a look: doubt, disagreement, density, a diverse batch, a fair sample."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from ml.review import worth
from ml.review.choose import SHARE, diverse, drawn, review_id
from ml.review.queue import queue
from ml.review.uncertainty import margin, vote_entropy
from warehouse.contracts.review import QUEUE, SCORES

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def unit(rows):
    vectors = np.asarray(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def scored(n, seed=1, **columns):
    rng = np.random.default_rng(seed)
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T{i:04}" for i in range(n)],
            "field": "category",
            "target": "category",
            "model": "m",
            "created_at": NOW,
            "label": "Bug",
            "rival": "Slow",
            "confidence": rng.random(n),
            "uncertainty": rng.random(n),
            "disagreement": rng.random(n),
            "density": rng.uniform(0.1, 1, n),
            "cost": 1.0,
            "text_hash": [f"{i}" for i in range(n)],
        }
    ).with_columns(**columns)
    named = [(review_id(t, f, "m"), drawn(t, f)) for t, f in rows.select("ticket_id", "field").iter_rows()]
    said = {"review_id": [one[0] for one in named], "drawn": [one[1] for one in named]}
    return rows.with_columns(pl.DataFrame(said)).select(SCORES.schema.names()).cast(SCORES.schema)


def test_doubt_is_the_distance_of_the_two_likeliest():
    given = np.array([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05], [0.4, 0.2, 0.4]])

    assert margin(given) == pytest.approx([1.0, 0.15, 1.0])
    assert margin(np.ones((2, 1))).tolist() == [0, 0]


def test_votes_that_split_evenly_disagree_most():
    first, second, third = np.eye(3)[[0, 0, 1]], np.eye(3)[[0, 1, 2]], np.eye(3)[[0, 1, 0]]

    assert vote_entropy([first, second, third]) == pytest.approx([0, 0.579, 1], abs=1e-3)
    assert vote_entropy([first, second]).tolist() == [0, 1, 1]


def test_what_lies_among_others_is_denser_than_what_lies_alone():
    pool = unit([[1, 0], [1, 0.1], [1, -0.1], [0, 1]])

    near = worth.density(unit([[1, 0], [0, 1], [-1, 0]]), pool)
    assert near[0] > near[1] > near[2] == worth.LEAST


def test_what_costs_more_is_worth_more():
    assert worth.cost("priority", "enterprise") > worth.cost("priority", "free") > worth.cost("sentiment", None)
    both = np.array([0.5, 0.5])
    assert worth.worth(both, both, np.array([1.0, 2.0])).argmax() == 1


def test_a_batch_is_not_copies_of_one():
    rng = np.random.default_rng(3)
    copies = unit(np.tile([[1.0, 0, 0, 0]], (20, 1)) + rng.normal(0, 0.01, (20, 4)))
    others = unit(np.eye(4)[1:])
    vectors = np.concatenate([copies, others])
    value = np.array([1.0] * 20 + [0.6, 0.5, 0.4])

    chosen = diverse(vectors, value, 4)
    assert (chosen < 20).sum() == 1
    assert chosen[0] < 20
    assert np.argsort(-value)[:4].max() < 20


def test_greedy_choice_is_within_the_bound_of_the_best():
    from itertools import combinations

    rng = np.random.default_rng(5)
    for _ in range(10):
        vectors, value = unit(rng.normal(size=(9, 3))), rng.random(9)
        alike = np.clip(vectors @ vectors.T, 0, 1) ** 4

        def served(places, alike=alike, value=value):
            return float((alike[:, list(places)].max(axis=1) * value).sum())

        best = max(served(places) for places in combinations(range(9), 3))
        assert served(diverse(vectors, value, 3)) >= (1 - 1 / np.e) * best


def test_the_fair_sample_depends_on_nothing_but_names():
    share = np.mean([drawn(f"T{n}", "category") for n in range(20_000)])

    assert share == pytest.approx(SHARE, abs=0.01)
    assert review_id("T1", "category", "m") != review_id("T1", "category", "n")
    assert {review_id(f"T{n}", "category", "m")[:4] == "RND-" for n in range(99) if drawn(f"T{n}", "category")} == {
        True
    }


def test_reasons_take_turns_and_the_sample_is_asked_for_no_other():
    rows = scored(600)
    vectors = unit(np.random.default_rng(2).normal(size=(600, 8)))
    made = queue(rows, lambda part: vectors[part["text_hash"].cast(pl.Int64).to_numpy()], batch=20)

    assert made.schema == pl.Schema(QUEUE.schema)
    assert made["reason"].head(8).to_list() == ["uncertain", "uncertain", "disagreement", "random"] * 2
    assert made["rank"].to_list() == list(range(1, made.height + 1))
    assert made["ticket_id"].n_unique() == made.height
    assert (made["reason"] == "random").to_list() == made["review_id"].str.starts_with("RND-").to_list()
    again = queue(
        rows.sample(fraction=1, shuffle=True, seed=9),
        lambda part: vectors[part["text_hash"].cast(pl.Int64).to_numpy()],
        batch=20,
    )
    assert again.equals(made)


def test_the_fair_sample_is_fair_though_the_queue_looks_for_errors():
    """Accuracy on the sample is that of all; on what is doubted it is lower."""
    rng = np.random.default_rng(4)
    doubt = rng.random(8_000)
    rows = scored(8_000, uncertainty=pl.Series(doubt))
    right = dict(zip(rows["ticket_id"], rng.random(8_000) > doubt * 0.6, strict=True))
    made = queue(rows, lambda part: unit(rng.normal(size=(part.height, 6))), batch=800)
    of = {
        reason: np.mean([right[t] for t in made.filter(reason=reason)["ticket_id"]])
        for reason in ("random", "uncertain")
    }

    assert of["random"] == pytest.approx(np.mean(list(right.values())), abs=0.06)
    assert of["uncertain"] < of["random"] - 0.1


def test_models_with_one_member_disagree_about_nothing():
    made = queue(scored(100, disagreement=pl.lit(None, pl.Float64)), lambda part: unit(np.ones((part.height, 2))), 10)

    assert set(made["reason"]) == {"uncertain", "random"}
    assert queue(scored(100).clear(), lambda part: unit(np.ones((0, 2)))).is_empty()
