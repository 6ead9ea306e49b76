"""What is wrong with a challenger whatever it gains: leaks, labels that say nothing, people who were left out.

Each answers with the fault as people read it, None where there is none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.labels import places
from ml.classify.learner import Inputs
from ml.evaluate import measures
from ml.learning.gate import SLICE

JUMP = 0.10
"""Gain in macro F1 from which on it is asked what it hangs on."""
OWN = 0.8
"""Of the gain, what one feature may bring by itself."""
DEALT = 1_000
BY_CHANCE = 0.01
"""Of guesses, the share that passes for more."""
Answers = Callable[[Inputs], pl.Series]
"""The label of each ticket."""


def leaks(features: Iterable[str], afterwards: Iterable[str]) -> str | None:
    """A model was given what is known only after a ticket was opened.

    `afterwards`: fields behind the fence, and those that the audit found to leak.
    """
    found = sorted(set(features) & set(afterwards))
    if not found:
        return None
    return f"leak: it was given {', '.join(found)}, known only after a ticket was opened"


def hangs_on_one(
    answers: Answers, inputs: Inputs, truth: pl.Series, champion: pl.Series, gain: float, *, seed: int
) -> str | None:
    """A gain too good to be true that one feature brings: shuffled among the tickets, it takes the gain away.

    Permutation importance (Breiman, "Random forests", 2001); as a sign of leaks Kaufman, Rosset, Perlich (KDD 2011).
    Asked only of a gain of `JUMP` or more.
    """
    if gain < JUMP:
        return None
    order = np.random.default_rng(seed).permutation(len(inputs))
    left = {}
    for name in inputs.table.columns:
        table = inputs.table.with_columns(inputs.table[name].gather(order).alias(name))
        left[name] = _gain(truth, answers(replace(inputs, table=table)), champion)
    name, least = min(left.items(), key=lambda one: one[1], default=("", gain))
    if gain - least < OWN * gain:
        return None
    said = f"{100 * gain:.1f} points of macro F1 are gained, {100 * least:.1f} with {name} shuffled among the tickets"
    return f"leak suspected: the gain hangs on {name} alone ({said})"


def no_better_than_guessing(truth: pl.Series, challenger: pl.Series, *, seed: int) -> str | None:
    """Labels that say nothing about tickets, such as shuffled ones, teach to guess.

    Its answers are dealt out among the tickets at random, 1,000 times: where that is as good as one time in a hundred,
    they were guesses (permutation test of Ojala and Garriga, JMLR 2010). Always the majority is one: dealing it out
    changes nothing.
    """
    classes = sorted({*truth, *challenger})
    true, said = places(truth, classes), places(challenger, classes)
    rng = np.random.default_rng(seed)

    def worth(guess: NDArray[np.int64]) -> float:
        return float(measures.macro_f1_of_true(measures.confusion(true, guess, len(classes))))

    own, dealt = worth(said), [worth(rng.permutation(said)) for _ in range(DEALT)]
    p = (1 + sum(one >= own for one in dealt)) / (1 + DEALT)
    if p <= BY_CHANCE:
        return None
    told = f"macro F1 {own:.3f}, with its answers dealt out at random {np.mean(dealt):.3f}, p {p:.2f}"
    return f"no better than guessing, as the majority is ({told}), on {len(true)} tickets"


def left_out(
    learned: Mapping[str, int], before: Mapping[str, int], languages: pl.Series, least: int = SLICE
) -> str | None:
    """A language that people write in, and of which the challenger was shown no ticket.

    Tickets by language that it and the champion learned from, and the `languages` of those that judge.
    """
    asked = dict(languages.drop_nulls().value_counts(name="n").iter_rows())
    people = {name for name, rows in (*asked.items(), *before.items()) if rows >= least}
    gone = sorted(name for name in people if not learned.get(name))
    if not learned or not gone:
        return None
    count = ", ".join(f"{name} ({asked.get(name, 0)} of those that judge)" for name in gone)
    return f"left out: it learned from no ticket in {count}"


def _gain(truth: pl.Series, challenger: pl.Series, champion: pl.Series) -> float:
    classes = sorted({*truth, *challenger, *champion})
    one, other = (
        measures.macro_f1_of_true(measures.confusion(places(truth, classes), places(said, classes), len(classes)))
        for said in (challenger, champion)
    )
    return float(one - other)
