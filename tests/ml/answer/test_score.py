"""How likely an answer resolves the ticket, learned from what became of others."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import pytest

from ml.answer.checked import Checked, checked
from ml.answer.compose import Offline
from ml.answer.draft import Draft, Sentence
from ml.answer.evidence import evidence, question
from ml.answer.examples import Case, examples
from ml.answer.features import NAMES, features
from ml.answer.outcomes import outcomes
from ml.answer.score import FILE, Quality, auroc
from warehouse.errors import ArtifactDamaged, FormatMismatch

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = question("Columns shifted", "All columns are shifted in the import.")


def past(rows, seed=0, noise=False):
    """Answers whose outcome hangs on success and agreement; with `noise` on nothing."""
    rng = np.random.default_rng(seed)
    values = {name: rng.random(rows) for name in NAMES}
    odds = np.zeros(rows) if noise else 5 * values["success"] + 2 * values["agreement"] - 3.5
    resolved = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return pl.DataFrame(values).with_columns(resolved=pl.Series(resolved)), 1 / (1 + np.exp(-odds))


def seen(answer, told, now=NOW):
    return features(answer, ASKED, told, now)


def test_a_planted_signal_is_learned_and_calibrated():
    from sklearn.metrics import roc_auc_score

    rows, _ = past(1_500)
    fresh, chance = past(1_500, seed=1)
    quality = Quality.fit(rows, seed=1)
    given = np.array([quality.probability(row) for row in fresh.select(NAMES).iter_rows(named=True)])

    assert quality.made == "learned"
    assert roc_auc_score(fresh["resolved"], given) > roc_auc_score(fresh["resolved"], chance) - 0.02
    assert np.abs(given - chance).mean() < 0.05
    assert quality.measured.log_loss < quality.measured.log_loss_base - 0.05
    assert quality.measured.ece < 0.07


def test_where_there_is_nothing_to_learn_it_says_the_mean():
    rows, _ = past(1_500, noise=True)
    quality = Quality.fit(rows, seed=1)
    given = np.array([quality.probability(row) for row in rows.select(NAMES).iter_rows(named=True)])

    assert np.abs(given - rows["resolved"].mean()).max() < 0.2
    assert 0.42 < quality.measured.auroc < 0.56


def test_few_outcomes_and_one_sided_ones_leave_the_shipped_weights():
    rows, _ = past(1_500)
    one_sided = rows.with_columns(resolved=pl.lit(True))
    unknown = rows.with_columns(resolved=pl.lit(None, pl.Boolean))

    for little in (rows.head(20), one_sided, unknown, rows.clear()):
        assert Quality.fit(little, seed=1) == Quality.shipped()


def test_what_is_saved_judges_the_same(tmp_path):
    rows, _ = past(300)
    quality = Quality.fit(rows, seed=1)
    quality.save(tmp_path)
    one = rows.select(NAMES).row(0, named=True)

    assert Quality.load(tmp_path).judge(one) == quality.judge(one)


def test_what_is_no_judge_is_refused(tmp_path):
    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Quality.load(tmp_path)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ArtifactDamaged):
        Quality.load(tmp_path)
    for old in ({"format": 99}, {"names": ["other"]}, {"weights": [1.0]}):
        Quality.shipped().save(tmp_path)
        known = msgspec.json.decode((tmp_path / FILE).read_bytes())
        (tmp_path / FILE).write_bytes(msgspec.json.encode({**known, **old}))
        with pytest.raises(FormatMismatch):
            Quality.load(tmp_path)


def test_parts_add_up_to_the_probability(found):
    told = evidence(found)
    quality = Quality.shipped()
    judged = quality.judge(seen(checked(Offline().compose(ASKED, told), told), told))

    odds = sum(judged.parts.values()) + quality.intercept
    assert quality.probability(judged.features) == pytest.approx(1 / (1 + np.exp(-odds)))


def test_weights_set_by_hand_claim_no_probability_and_ask_a_person(found):
    told = evidence(found)
    judged = Quality.shipped().judge(seen(checked(Offline().compose(ASKED, told), told), told))

    assert (judged.weights, judged.probability, judged.route) == ("shipped", None, "person")


def test_better_answers_are_judged_better(found):
    told = evidence(found)
    answer = checked(Offline().compose(ASKED, told), told)
    best = Quality.shipped().probability(seen(answer, told))

    def changed(**values):
        other = [msgspec.structs.replace(one, **values) if one.id == "SOL-1" else one for one in told]
        return Quality.shipped().probability(seen(answer, other))

    assert changed(rate=0.1) < best
    assert changed(score=0.1) < best
    assert changed(solution_id="SOL-7") < best
    assert Quality.shipped().probability(seen(answer, told, NOW + timedelta(days=900))) < best
    loud = Checked(Draft(sentences=[Sentence("THIS IS YOUR OWN FAULT!!!", ["SOL-1"])]), [], 1.0)
    assert seen(loud, told)["tone"] < seen(answer, told)["tone"] == 1


def test_an_improbable_answer_and_none_at_all_go_to_a_person(found):
    told = evidence(found)
    quality = msgspec.structs.replace(Quality.shipped(), made="learned")
    good = seen(checked(Offline().compose(ASKED, told), told), told)
    none = seen(checked(Offline().compose(ASKED, []), []), [])

    assert quality.judge(good).route == "answer"
    assert quality.judge({**good, "success": 0.0, "agreement": 0.0, "score": 0.0}).route == "person"
    assert quality.judge(none).route == "person"
    assert quality.judge(none).probability < 0.05


def test_outcomes_are_those_that_were_recorded():
    answers = pl.DataFrame(
        {"ticket_id": ["a", "b", "c", "d", "e"], "solution_id": ["S1", "S1", "S1", "S1", None]},
        schema_overrides={"solution_id": pl.String},
    )
    attempts = pl.DataFrame(
        [("a", "S1", True), ("a", "S2", False), ("b", "S1", False), ("b", "S2", True), ("c", "S2", True),
         ("d", "S2", False), ("e", "S1", True)],
        schema=["ticket_id", "solution_id", "succeeded"], orient="row",
    )  # fmt: skip

    assert outcomes(answers, attempts)["resolved"].to_list() == [1.0, 0.0, 0.0, None, 0.0]


def test_what_was_not_tried_does_what_it_did_on_the_issue():
    past = [(f"t{n}", "S1", n % 4 > 0) for n in range(40)] + [(f"u{n}", "S2", n % 5 == 0) for n in range(20)]
    attempts = pl.DataFrame(
        [*past, ("now", "S2", True)], schema=["ticket_id", "solution_id", "succeeded"], orient="row"
    )
    members = attempts.select("ticket_id", issue_id=pl.lit("ISS-1"))
    answers = pl.DataFrame({"ticket_id": ["now"] * 3, "solution_id": ["S1", "S2", "S3"]})

    one, two, three = outcomes(answers, attempts, members)["resolved"].to_list()
    assert one == pytest.approx(0.75, abs=0.05)
    assert (two, three) == (1.0, 0.0)
    alone = members.with_columns(issue_id=pl.col("ticket_id"))
    assert outcomes(answers, attempts, alone)["resolved"].to_list() == [0.0, 1.0, 0.0]


def test_past_tickets_become_examples_with_their_outcomes(found):
    told = evidence(found)
    cases = [Case("a", ASKED, told, NOW), Case("b", ASKED, [], NOW)]
    attempts = pl.DataFrame([("a", "SOL-1", True)], schema=["ticket_id", "solution_id", "succeeded"], orient="row")
    rows = outcomes(examples(cases), attempts)

    assert rows.select("ticket_id", "solution_id", "resolved").rows() == [("a", "SOL-1", 1.0), ("b", None, 0.0)]
    assert rows.select(NAMES).row(0, named=True) == seen(checked(Offline().compose(ASKED, told), told), told)
    assert Quality.fit(examples([]).with_columns(resolved=pl.lit(1.0)), seed=1) == Quality.shipped()


def test_the_area_under_the_curve_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    chance = rng.integers(20, size=400) / 20
    outcome = (rng.random(400) < chance).astype(float)

    assert auroc(outcome, chance) == pytest.approx(roc_auc_score(outcome, chance))
    assert auroc(np.full(400, 0.5), chance) == pytest.approx(0.5)
