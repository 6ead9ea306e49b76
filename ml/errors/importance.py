"""What a champion leans on: how much worse it answers once one thing that it reads is shuffled among tickets.

Permutation importance (Breiman, "Random forests", 2001), in nats of log loss; the same for every family. Features that
say the same share what they matter.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from ml.classify.calibrated import Calibrated
from ml.classify.learner import Inputs, Places
from ml.evaluate.measures import log_loss

WORDS = "subject and description"
MOST = 300
"""Tickets that are shuffled."""
SEED = 7
SCHEMA = {"feature": pl.String, "log_loss_added": pl.Float64}


def importance(member: Calibrated, inputs: Inputs, labels: pl.Series) -> pl.DataFrame:
    """`feature` and `log_loss_added`, most first; none where no ticket has a label that the member knows."""
    classes = {name: place for place, name in enumerate(member.learner.classes)}
    known = np.array([n for n, label in enumerate(labels) if label in classes], dtype=np.int64)
    draw = np.random.default_rng(SEED)
    taken = np.sort(draw.permutation(known)[:MOST])
    if not len(taken):
        return pl.DataFrame(schema=SCHEMA)
    given, truth = inputs.take(taken), np.array([classes[labels[int(n)]] for n in taken])
    usual = member.probabilities(given)
    found = []
    for feature, changed in _shuffled(given, draw.permutation(len(taken))):
        now = member.probabilities(changed)
        if feature is None:
            if np.array_equal(now, usual):
                break
            continue
        found.append((feature, log_loss(truth, now) - log_loss(truth, usual)))
    rows = pl.DataFrame(found, schema=SCHEMA, orient="row")
    return rows.sort("log_loss_added", "feature", descending=[True, False])


def _shuffled(given: Inputs, order: Places) -> Iterator[tuple[str | None, Inputs]]:
    """The words shuffled; all features at once (None: whether any is read at all); then one feature after the other."""
    yield WORDS, Inputs(given.texts.gather(order), given.vectors[order], given.table)
    # The texts are the same from here on, and so is what was read in them.
    yield None, Inputs(given.texts, given.vectors, given.table[order], given.read)
    for column in given.table.columns:
        table = given.table.with_columns(given.table[column].gather(order))
        yield column, Inputs(given.texts, given.vectors, table, given.read)
