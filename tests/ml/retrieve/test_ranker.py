"""The order of solutions: learned from what solved past tickets, and nothing where that says nothing."""

import numpy as np
import polars as pl
import pytest

from ml.retrieve.discriminant import SETTINGS as POINTING
from ml.retrieve.discriminant import WEIGHTS
from ml.retrieve.ranker import MODEL, SETTINGS, Ranker, learn
from ml.retrieve.searcher import Searcher
from warehouse.errors import ArtifactDamaged, FormatMismatch, NothingToLearn


def first(searcher, asking):
    """Share of questions whose first solution is right."""
    found = [searcher.find(question).solutions for question, _ in asking]
    return np.mean([one[0].solution_id == right for one, (_, right) in zip(found, asking, strict=True)])


def order(searcher, questions):
    return [[one.solution_id for one in searcher.find(question).solutions] for question in questions]


def test_it_learns_that_the_product_decides_where_votes_cannot_tell(desked, searcher, asking):
    votes = Searcher(searcher.tickets, None, searcher.remedies, None, None, {})

    assert first(votes, asking) < 0.7
    assert first(searcher, asking) > 0.9


def test_saved_then_loaded_it_scores_the_same(searcher, learned, asking, tmp_path):
    learned.save(tmp_path)
    again = Searcher(searcher.tickets, None, searcher.remedies, Ranker.load(tmp_path), None, {})

    for question, _ in asking[:20]:
        assert again.find(question, full=True) == searcher.find(question, full=True)


@pytest.mark.parametrize("name", [MODEL, SETTINGS, WEIGHTS, POINTING])
@pytest.mark.parametrize("left", [None, 0, 20])
def test_a_file_that_is_cut_or_gone_is_told(learned, tmp_path, name, left):
    learned.save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if left is not None:
        (tmp_path / name).write_bytes(whole[:left])

    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Ranker.load(tmp_path)


@pytest.mark.parametrize(("was", "becomes"), [('"format":1', '"format":99'), ('"rate_near"', '"colour"')])
def test_a_ranker_of_another_format_or_of_other_features_is_refused(learned, tmp_path, was, becomes):
    learned.save(tmp_path)
    text = (tmp_path / SETTINGS).read_text()
    assert was in text
    (tmp_path / SETTINGS).write_text(text.replace(was, becomes))

    with pytest.raises(FormatMismatch, match="not known here"):
        Ranker.load(tmp_path)


def test_of_too_few_tickets_or_of_none_that_was_solved_nothing_is_learned(desk):
    few, unsolved = desk(40), desk(300)
    with pytest.raises(NothingToLearn, match="40 tickets"):
        learn(few.past(), seed=1)
    with pytest.raises(NothingToLearn, match="solved"):
        learn(unsolved.past(attempts=unsolved.attempts.with_columns(succeeded=False)), seed=1)


def test_the_same_past_and_seed_give_the_same_ranker(desked, searcher, learned, asking):
    again, card = learn(desked.past().until(desked.problems["created_at"][360]), seed=1)
    other = Searcher(searcher.tickets, None, searcher.remedies, again, None, {})

    assert other.find(asking[0][0], full=True) == searcher.find(asking[0][0], full=True)
    assert card["importance"] == learned.importance()
    assert card["rows"]["learned_from"] > 60


def test_successes_that_say_nothing_leave_the_order_of_votes_as_it_was(desked, searcher, asking):
    shuffled = desked.attempts.with_columns(pl.col("succeeded").shuffle(seed=3))
    rows = slice(0, 360)
    before = Searcher(searcher.tickets, None, searcher.remedies, None, None, {})
    after = Searcher(searcher.tickets, None, desked.remedies(rows, shuffled), None, None, {})
    questions = [question for question, _ in asking[:40]]

    assert order(before, questions) == order(after, questions)
    assert after.remedies.rates.tolist() != before.remedies.rates.tolist()


def test_one_of_one_does_not_beat_eighty_of_ninety(desk):
    made = desk(300)
    usual = made.attempts["solution_id"].unique().sort()
    often, once = usual[0], usual[1]
    rows = [(f"T-{at:05d}", often, at < 80) for at in range(90)] + [("T-00200", once, True)]
    rest = [(f"T-{at:05d}", usual[2 + at % 8], at % 10 > at % 8) for at in range(100, 200)]
    attempts = pl.DataFrame(rows + rest, schema=["ticket_id", "solution_id", "succeeded"], orient="row")
    attempts = attempts.with_columns(at=made.attempts["at"][0], saying=pl.lit("said"))
    remedies = made.remedies(attempts=attempts.select(made.attempts.columns))

    counted = {name: (remedies.successes[at], remedies.attempts[at]) for name, at in remedies.places.items()}
    assert (counted[often], counted[once]) == ((80, 90), (1, 1))
    assert remedies.rates[remedies.places[once]] < remedies.rates[remedies.places[often]]


def test_what_was_tried_later_is_not_known_before(desked):
    middle = desked.problems["created_at"][200]
    then = desked.past().until(middle)

    assert then.problems["created_at"].max() < middle
    assert then.attempts["at"].max() <= middle
    assert len(then.vectors) == then.problems.height == 200
    assert sum(one is not None for one in then.solved_by()) < sum(one is not None for one in desked.past().solved_by())


def test_a_first_suggestion_below_what_is_enough_helps_less_often_than_one_above(learned, searcher, asking, tmp_path):
    learned.save(tmp_path)
    assert Ranker.load(tmp_path).enough == learned.enough == searcher.enough
    assert 0 <= learned.enough <= 1
    said = [(searcher.find(question).solutions[0], right) for question, right in asking]
    trusted = [one.solution_id == right for one, right in said if one.score >= learned.enough]
    assert np.mean(trusted) > 0.5
