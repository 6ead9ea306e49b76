import json

import numpy as np
import polars as pl
import pytest

from ml.classify import baseline
from ml.classify.linear import CategoryModel
from warehouse.errors import ContractBroken, NothingToLearn


@pytest.fixture(scope="session")
def trained(make_tickets):
    return baseline.train(make_tickets(signal=0.8), seed=7, inputs={"silver/tickets": 3})


def test_a_planted_signal_is_found_and_beats_the_majority(trained):
    _, card = trained

    assert card.measures["accuracy_gain_over_majority"]["low"] > 0.2
    assert card.measures["test"]["weighted_f1"]["value"] > card.measures["majority"]["weighted_f1"]["high"]
    assert card.measures["test"]["log_loss"] < card.measures["majority"]["log_loss"]
    assert card.verdict.startswith("beats the majority baseline: +")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_noise_it_does_not_claim_to_beat_the_majority(make_tickets, seed):
    _, card = baseline.train(make_tickets(signal=0.0, seed=seed), seed=7)

    gain = card.measures["accuracy_gain_over_majority"]
    assert gain["low"] <= 0 <= gain["high"]
    assert card.verdict.startswith("does not beat the majority baseline")
    assert card.measures["test"]["ece"] < 0.15


def test_the_word_that_was_planted_is_the_reason(trained):
    model, _ = trained

    found = model.explain("word1 word2", "this is about sync again")

    assert found.label == "Sync"
    assert found.confidence > 0.8
    assert "sync" in found.reasons[0].term
    assert sum(found.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("text", [None, "", "zzz qqq", "🤷", "\u0000"])
def test_a_text_without_a_known_word_gets_about_the_class_shares_and_no_reason(trained, text):
    model, _ = trained

    found = model.explain(None, text)

    assert found.reasons == []
    assert found.probabilities == pytest.approx({"Billing": 0.5, "Login": 0.3, "Sync": 0.2}, abs=0.05)


def test_saved_then_loaded_predicts_the_same(trained, make_tickets, tmp_path):
    model, _ = trained
    others = make_tickets(signal=0.5, seed=9)
    model.save(tmp_path)

    loaded = CategoryModel.load(tmp_path)

    assert np.array_equal(loaded.probabilities(others), model.probabilities(others))
    assert loaded.explain("about", "billing") == model.explain("about", "billing")


def test_a_model_of_another_format_is_refused(trained, tmp_path):
    trained[0].save(tmp_path)
    plain = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**plain, "format": 99}))

    with pytest.raises(ContractBroken, match="format 99, expected 1"):
        CategoryModel.load(tmp_path)


def test_one_ticket_gets_the_same_answer_alone_and_among_many(trained, make_tickets):
    model, _ = trained
    many = make_tickets(signal=0.5, seed=4)

    alone = np.vstack([model.probabilities(many[index : index + 1]) for index in range(20)])

    assert np.array_equal(alone, model.probabilities(many)[:20])


def test_only_what_was_known_when_the_ticket_was_opened_counts(make_tickets):
    rows = make_tickets(signal=0.5)
    leaky = rows.with_columns(resolution=pl.col("category"), tags=pl.concat_list("category"))

    assert baseline.train(leaky, seed=7)[1] == baseline.train(rows, seed=7)[1]


def test_it_learns_from_the_past_and_is_judged_on_the_most_recent(trained, make_tickets):
    _, card = trained
    opened = make_tickets()["created_at"]

    assert card.rows == {"train": 840, "validation": 180, "test": 180, "left_out": 0}
    assert card.split["validation_from"] == opened[840].isoformat()
    assert card.split["test_from"] == opened[1020].isoformat()


def test_the_same_rows_give_the_same_model_and_card(make_tickets, tmp_path):
    rows = make_tickets(signal=0.5)
    for name, given in (("a", rows), ("b", rows.sample(fraction=1, shuffle=True, seed=5))):
        (tmp_path / name).mkdir()
        model, card = baseline.train(given, seed=7)
        model.save(tmp_path / name)
        (tmp_path / name / "card.json").write_text(json.dumps(card.as_dict(), allow_nan=False))

    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_nothing_that_is_saved_can_carry_code(trained, tmp_path):
    trained[0].save(tmp_path)

    assert {file.suffix for file in tmp_path.iterdir()} == {".npy", ".json"}
    for file in tmp_path.glob("*.npy"):
        assert np.load(file, allow_pickle=False).dtype.kind in "if"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.head(30), "expected at least 50"),
        (lambda rows: rows.with_columns(category=pl.lit(None, pl.String)), "0 tickets with category"),
        (lambda rows: rows.with_columns(category=pl.lit("Sync")), "1 classes"),
        (lambda rows: rows.with_columns(subject=None, description=pl.lit(" ")), "0 tickets with category and text"),
        (lambda rows: rows.with_columns(created_at=rows["created_at"][0]), "about the same time"),
        (
            lambda rows: rows.with_columns(category=pl.Series(["Sync"] * 1100 + ["Login"] * 100)),
            "the oldest 70 % of the tickets are of one category",
        ),
    ],
)
def test_too_little_to_learn_from_is_said(make_tickets, change, reason):
    with pytest.raises(NothingToLearn, match=reason):
        baseline.train(change(make_tickets()), seed=7)


def test_a_class_that_appears_late_counts_against_the_model(make_tickets):
    late = make_tickets(signal=0.8).with_columns(
        category=pl.when(pl.int_range(pl.len()) >= 1150).then(pl.lit("Outage")).otherwise("category")
    )

    model, card = baseline.train(late, seed=7)

    assert "Outage" not in model.classes
    assert card.measures["test"]["per_class"]["Outage"] == {"precision": None, "recall": 0.0, "f1": 0.0, "rows": 50}


def test_languages_are_judged_apart(trained):
    assert set(trained[1].measures["per_language"]) == {"en", "de", "ja"}


def test_texts_without_spaces_are_learned_from():
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{n:03d}" for n in range(400)],
            "created_at": pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 3, 1), "1h", eager=True)[:400],
            "subject": [None] * 400,
            "description": [
                ("請求書が届きません" if n % 3 else "ログインできません") + "お願いします" for n in range(400)
            ],
            "language": ["ja"] * 400,
            "category": ["Billing" if n % 3 else "Login" for n in range(400)],
        },
        schema_overrides={"subject": pl.String},
    )

    model, card = baseline.train(rows, seed=7)

    assert card.measures["test"]["accuracy"]["value"] == 1
    assert model.explain(None, "請求書の件").label == "Billing"


def test_right_answers_without_exception_are_no_reason_to_be_certain(make_tickets):
    easy = make_tickets(count=200, signal=1.0)

    model, card = baseline.train(easy, seed=7)

    assert card.measures["test"]["accuracy"]["value"] == 1
    assert 0.9 < model.probabilities(easy).max(axis=1).mean() < 0.995
