"""Whoever is often wrong is believed less, and what they said wrong does no harm."""

from dataclasses import replace

import numpy as np
import polars as pl

from ml.classify.labels import places
from ml.evaluate import measures
from ml.features import FENCED
from ml.learning import annotators
from ml.learning.annotators import dawid_skene, trust
from ml.learning.judge import Bench, judge_labels
from ml.learning.parts import REGRESSION, freeze, learned_from, parts
from ml.targets import CATEGORY

SEEDS = range(5)


def corrected(past, rate, seed, wrong_agent="A-2"):
    """The newest third is corrected by two agents in turn, one of whom is wrong that often, and by the truth before."""
    rng = np.random.default_rng(seed)
    rows = past.rows.with_columns(category=pl.col("category"))
    at = np.flatnonzero((rows["truth"] != rows["category"]).to_numpy())
    others = sorted(rows["truth"].unique())
    facts = []
    for number, place in enumerate(at):
        agent = "A-1" if number % 2 else wrong_agent
        said = rows["truth"][int(place)]
        if agent == wrong_agent and rng.random() < rate:
            said = str(rng.choice([one for one in others if one != said]))
        facts.append((rows["ticket_id"][int(place)], said, agent))
    found = pl.DataFrame(facts, schema=["ticket_id", "value", "actor_id"], orient="row")
    labels = rows.select("ticket_id", "category").join(found, on="ticket_id", how="left", maintain_order="left")
    return rows.with_columns(labels.select(pl.coalesce("value", "category").alias("category"))), found


def test_one_who_agrees_with_nobody_is_found_out():
    rng = np.random.default_rng(1)
    true = rng.integers(0, 4, 300)
    votes = [(item, who, true[item] if rng.random() < right else rng.integers(0, 4))
             for item in range(300) for who, right in enumerate((0.95, 0.9, 0.3))]  # fmt: skip
    items, who, said = (np.array(column, np.int64) for column in zip(*votes, strict=True))
    found, right = dawid_skene(items, who, said, np.full((300, 4), 0.25))

    assert right[0] > 0.9
    assert right[2] < 0.6
    assert (found.argmax(axis=1) == true).mean() > 0.9


def test_an_agent_who_is_wrong_three_times_of_ten_is_told_from_one_who_is_not(make_past):
    past = make_past(1_200, clear=0.9, new_since=700)
    rows, facts = corrected(past, 0.3, 1)
    weights, right = trust(rows["ticket_id"], rows["category"], past.inputs, facts, seed=1)
    truth = dict(zip(rows["ticket_id"], rows["truth"] == rows["category"], strict=True))
    sound = [weight for ticket, weight in weights.iter_rows() if truth[ticket]]
    wrong = [weight for ticket, weight in weights.iter_rows() if not truth[ticket]]

    assert right["A-2"] < right["A-1"] - 0.1
    assert np.mean(sound) > 0.9
    assert np.mean(wrong) < 0.4
    assert annotators.kept(["a", "b"], {"a": 0.49}).tolist() == [False, True]


def taught(past, rows, facts):
    """The past as it is learned from with these corrections."""
    ids = facts["ticket_id"].to_list()
    weights, right = trust(rows["ticket_id"], rows["category"], past.inputs, facts, seed=1)
    given = replace(past, rows=rows, dealt=parts(rows, past.split, ids, []), taught=learned_from(ids))
    return given.trusting({"category": (dict(weights.iter_rows()), right)})


def served(past, given, learn):
    """Right answers by the truth, on tickets that nobody learned from: of the model without corrections, of the
    challenger with them, and of the one that the gate lets serve."""
    champion, challenger = learn(past), learn(given)
    bench = Bench(given, pl.DataFrame(schema={"ticket_id": pl.String, "label": pl.String}), FENCED, 1)
    promoted = judge_labels(bench, CATEGORY, challenger, champion, None).verdict.promoted
    new = np.flatnonzero(((past.parts == "test") & ~past.rows["ticket_id"].is_in(given.taught)).to_numpy())
    inputs, truth = past.inputs.take(new), past.rows["truth"].gather(new)

    def worth(model):
        member = model.model.members[0]
        said = pl.Series(member.learner.classes).gather(member.probabilities(inputs).argmax(axis=1))
        classes = sorted({*truth, *said})
        matrix = measures.confusion(places(truth, classes), places(said, classes), len(classes))
        return float(measures.macro_f1_of_true(matrix))

    before, after = worth(champion), worth(challenger)
    return before, after, after if promoted else before


def test_with_three_of_ten_of_one_agents_corrections_wrong_a_new_label_is_learned_all_the_same(make_past, learn):
    gains = []
    for seed in SEEDS:
        past = make_past(900, clear=0.85, seed=10 + seed, new_since=500)
        before, after, serves = served(past, taught(past, *corrected(past, 0.3, seed)), learn)
        gains.append(serves - before)

        assert serves >= before
        assert after > before + 0.05
    assert sum(gain > 0.05 for gain in gains) >= 4


def test_with_three_of_ten_of_one_agents_corrections_wrong_what_serves_is_not_worse_than_without_any(make_past, learn):
    gains = []
    for seed in SEEDS:
        past = make_past(900, clear=0.85, seed=30 + seed)
        rng, true = np.random.default_rng(seed), past.rows["truth"]
        kinds = sorted(true.unique())
        mine = rng.choice(np.arange(300, 900), 150, replace=False).tolist()
        wrong = {at: str(rng.choice([one for one in kinds if one != true[at]])) for at in mine if rng.random() < 0.3}
        said = {at: wrong.get(at, true[at]) for at in mine}
        ids = past.rows["ticket_id"].gather(mine)
        facts = pl.DataFrame({"ticket_id": ids, "value": list(said.values()), "actor_id": ["A-2"] * len(mine)})
        labels = pl.Series("category", [said.get(at, one) for at, one in enumerate(true)])
        given = taught(past, past.rows.with_columns(labels), facts)
        before, after, serves = served(past, given, learn)
        gains.append(after - before)

        assert given.annotators["category"]["A-2"] < 0.85
        assert serves >= before
    assert np.mean(gains) > -0.02


def test_corrections_that_nobody_signed_are_believed(make_past):
    past = make_past(300)
    facts = pl.DataFrame({"ticket_id": past.rows["ticket_id"][:3], "value": ["sync"] * 3, "actor_id": [None] * 3},
                         schema_overrides={"actor_id": pl.String})  # fmt: skip
    weights, right = trust(past.rows["ticket_id"], past.rows["category"], past.inputs, facts, seed=1)

    assert right == {}
    assert weights.is_empty()


def test_corrected_tickets_are_dealt_the_same_way_each_time_and_frozen_ones_teach_nobody(make_past):
    past = make_past(1_000)
    ids = past.rows["ticket_id"].to_list()
    frozen = freeze(past.rows, past.split)["ticket_id"].to_list()
    newer = replace(past.split, validation_from=past.rows["created_at"][940], test_from=past.rows["created_at"][970])
    first, later = (parts(past.rows, split, ids, frozen) for split in (past.split, newer))
    test = past.rows["created_at"] >= newer.test_from

    assert len(frozen) == 75
    assert set(first.filter(past.rows["ticket_id"].is_in(frozen))) == {"test"}
    assert set(later.filter(past.rows["ticket_id"].is_in(frozen) & ~test)) == {REGRESSION}
    both = test & ~past.rows["ticket_id"].is_in(frozen)
    assert first.filter(both).to_list() == later.filter(both).to_list()
    assert set(first[:700]) == {"train"}
    assert 0.4 < (first[700:] == "train").mean() < 0.7
    judging = past.rows["ticket_id"].filter((first == "test") & ~past.rows["ticket_id"].is_in(frozen))
    assert not set(judging) & set(learned_from(ids))
