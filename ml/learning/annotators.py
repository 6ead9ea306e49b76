"""How far each correction is to be trusted: by who made it, and by what the other tickets say.

The expectation maximisation of Dawid and Skene (Applied Statistics, 1979), with one number an annotator: how often they
are right. What a learner says of a ticket that it was not fitted on takes part as the prior of its true label (Raykar
et al., "Learning from crowds", JMLR 2010). Weights are used by rejection sampling (Zadrozny, Langford, Abe, ICDM 2003),
so that every family of learners can use them: a ticket is learned from with the probability that its label is right.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import noise
from ml.classify.calibration import calibrate, logs
from ml.classify.labels import places
from ml.classify.learner import Inputs, Probabilities
from ml.learning.parts import draw

FAMILY = "naive_bayes"
"""Learns few wrong labels by heart, and is fitted in a second."""
MOST_OTHERS = 4_000
"""Tickets that nobody corrected, the newest: what the learner is fitted on beside the corrected ones."""
RIGHT, WRONG = 9.0, 1.0
"""What is thought of an annotator before anything is known: as if nine of ten had been right (a beta distribution)."""
ROUNDS = 30
LEAST = 0.5
"""A correction that is less probably right than this teaches nothing, and judges nobody."""
Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def dawid_skene(
    items: Places, annotators: Places, values: Places, prior: Probabilities, *, rounds: int = ROUNDS
) -> tuple[Probabilities, Floats]:
    """The probability of each label of each item, (n, classes), and how often each annotator is right.

    Vote v is that `annotators[v]` called `items[v]` by label `values[v]`; `prior` (n, classes) is what is thought of
    the items before. Whoever is wrong is so by any other label alike.
    """
    classes = prior.shape[1]
    right = np.full(int(annotators.max()) + 1, RIGHT / (RIGHT + WRONG))
    start = np.log(np.clip(prior, 1e-9, 1.0))
    counts = np.bincount(annotators, minlength=len(right))
    found = prior
    for _ in range(rounds):
        score = start.copy()
        missed = np.log((1 - right) / max(classes - 1, 1))[annotators]
        np.add.at(score, items, missed[:, None])
        np.add.at(score, (items, values), np.log(right)[annotators] - missed)
        found = np.exp(score - score.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        agreed = np.bincount(annotators, weights=found[items, values], minlength=len(right))
        right = np.clip((agreed + RIGHT) / (counts + RIGHT + WRONG), 1e-3, 1 - 1e-3)
    return found, right


def trust(
    tickets: pl.Series, labels: pl.Series, inputs: Inputs, corrections: pl.DataFrame, *, seed: int
) -> tuple[pl.DataFrame, dict[str, float]]:
    """`ticket_id` and `weight`, the probability that the label is right, of corrected tickets; and who is how often.

    `tickets` and `labels` in the order of time, as they would be learned. `corrections` has `ticket_id`, `value` and
    `actor_id`; what was said last by each counts. Labels that nobody but one learner doubts keep most of their weight.
    """
    said = corrections.drop_nulls("actor_id").unique(["ticket_id", "actor_id"], keep="last", maintain_order=True)
    said = said.filter(pl.col("ticket_id").is_in(tickets.implode()))
    mine = tickets.is_in(said["ticket_id"].implode()).to_numpy()
    used = np.sort(np.concatenate([np.flatnonzero(mine), np.flatnonzero(~mine)[-MOST_OTHERS:]]))
    learned = labels.gather(used)
    if not mine.any() or learned.n_unique() < 2:
        ids = tickets.filter(pl.Series(mine))
        return pl.DataFrame({"ticket_id": ids, "weight": np.ones(len(ids))}), {}
    classes, prior = _prior(inputs.take(used), learned, ~mine[used], seed)
    items = dict(zip(tickets.gather(used), range(len(used)), strict=True))
    votes = said.filter(pl.col("value").is_in(classes))
    names = sorted(votes["actor_id"].unique())
    found, right = dawid_skene(
        np.array([items[one] for one in votes["ticket_id"]], np.int64),
        places(votes["actor_id"], names),
        places(votes["value"], classes),
        prior,
    )
    at = np.flatnonzero(mine[used])
    weights = found[at, places(learned.gather(at), classes)]
    known = pl.DataFrame({"ticket_id": tickets.gather(used[at]), "weight": weights})
    return known, dict(zip(names, right.tolist(), strict=True))


def kept(tickets: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.bool_]:
    """Which tickets are learned from: each with the probability that is its weight, the same ones each time."""
    given = ((ticket, weights.get(ticket, 1.0)) for ticket in tickets)
    return np.array([one >= LEAST and draw(ticket, "kept") <= one for ticket, one in given], np.bool_)


def _prior(inputs: Inputs, labels: pl.Series, plain: NDArray[np.bool_], seed: int) -> tuple[list[str], Probabilities]:
    """What a learner that did not see each ticket says of it, as sure as it is right on tickets nobody corrected."""
    classes, given = noise.out_of_fold(FAMILY, inputs, labels, inputs, labels, seed=seed, parameters={})
    scores, truth = logs(given), places(labels, classes)
    some = np.flatnonzero(plain)
    calibration = calibrate(scores[some], truth[some])
    return classes, calibration.probabilities(scores)
