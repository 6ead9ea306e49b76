"""What one column by itself tells about a target: a column known only afterwards that tells something leaks.

Single-column scores after Kaufman, Rosset, Perlich, "Leakage in Data Mining" (KDD 2011).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.audit.columns import Availability, as_codes, as_words, is_worded
from ml.audit.labels import Labelled, Labels
from ml.audit.models import majority, one_hot
from ml.audit.permutation import Probabilities, z_score

SMOOTHING = 10.0
LEAST_GAIN = 0.005
LEAST_Z = 4.0
"""About one chance in 30,000: hundreds of columns and targets are asked."""
FEATURES = 2**16
_WORD = r"[^\s.,;:!?]+"


@dataclass(frozen=True)
class ColumnScore:
    """How often the best guess from one column is right, beside the majority class, on the newest tickets."""

    column: str
    accuracy: float
    majority: float
    z: float
    leaks: bool


def column_scores(
    rows: pl.DataFrame, of: Labelled, parts: tuple[Labels, Labels], columns: list[Availability]
) -> list[ColumnScore]:
    """One score per column; fitted on the first of `parts`, judged on the second (row numbers)."""
    train, test = parts
    plain, truth = majority(of, train, test), of.y[test]
    base = float((plain == truth).mean())
    found = []
    for column in columns:
        given = _worded if is_worded(rows, column.column) else _counted
        probabilities = given(rows, column.column, of, train, test)
        guess = np.where(np.ptp(probabilities, axis=1) > 0, probabilities.argmax(axis=1), plain)
        right = float((guess == truth).mean())
        z = z_score(truth, probabilities, of.parents[test])
        tells = right - base >= LEAST_GAIN and z >= LEAST_Z
        found.append(ColumnScore(column.column, right, base, z, column.afterwards and tells))
    return found


def leaking(scores: Iterable[ColumnScore]) -> list[str]:
    """Columns that leak, the most telling first."""
    return [score.column for score in sorted(scores, key=lambda s: (-s.accuracy, s.column)) if score.leaks]


def _counted(rows: pl.DataFrame, name: str, of: Labelled, train: Labels, test: Labels) -> Probabilities:
    """Shares of labels by value and parent, drawn towards those of the parent."""
    codes = as_codes(rows, name)
    width = int(codes.max()) + 1
    prior = np.zeros((int(of.parents.max()) + 1, of.classes))
    np.add.at(prior, (of.parents[train], of.y[train]), 1)
    prior = (prior + 1e-6) / (prior + 1e-6).sum(axis=1, keepdims=True)
    counts = np.zeros((len(prior) * width, of.classes))
    np.add.at(counts, (of.parents[train] * width + codes[train], of.y[train]), 1)
    counts += SMOOTHING * np.repeat(prior, width, axis=0)
    shares: Probabilities = (counts / counts.sum(axis=1, keepdims=True))[of.parents[test] * width + codes[test]]
    return shares


def _worded(rows: pl.DataFrame, name: str, of: Labelled, train: Labels, test: Labels) -> Probabilities:
    """Naive Bayes of the column's words."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.naive_bayes import MultinomialNB

    hashed = HashingVectorizer(n_features=FEATURES, alternate_sign=False, norm=None, token_pattern=_WORD)
    counts = hashed.transform(as_words(rows, name).to_list())
    both = hstack([counts, 5 * one_hot(of.parents)], format="csr")
    model = MultinomialNB(alpha=0.5).fit(both[train], of.y[train])
    found: NDArray[np.float64] = np.zeros((len(test), of.classes))
    found[:, model.classes_] = model.predict_proba(both[test])
    return found
