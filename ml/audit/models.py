"""The simple models: words, words beside columns, columns; each cheap enough to be fitted many times."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.audit.columns import as_codes
from ml.audit.labels import Labelled, Labels
from ml.text.terms import said
from ml.text.tfidf import TfIdf

Probabilities = NDArray[np.float64]
LOG_CHARACTERS = 400
_LEAST = 1e-9


@dataclass(frozen=True)
class Seen:
    """What a model may see of each ticket: words (TF-IDF), columns as one-hot, columns as numbers."""

    words: Any
    columns: Any
    numbers: NDArray[np.float32]


def seen(rows: pl.DataFrame, columns: list[str]) -> Seen:
    """Read tickets as they were when they were opened; `columns` are those known by then. No label is looked at."""
    from scipy.sparse import csr_matrix, hstack

    texts = said(rows)
    if "error_logs" in rows.columns:
        texts = texts + "\n" + rows["error_logs"].fill_null("").str.slice(0, LOG_CHARACTERS)
    codes = [as_codes(rows, name) for name in columns]
    hot = [one_hot(code) for code in codes]
    return Seen(
        TfIdf.fit(texts).transform(texts),
        hstack(hot, format="csr") if hot else csr_matrix((rows.height, 1), dtype=np.float32),
        np.stack(codes, axis=1).astype(np.float32) if codes else np.zeros((rows.height, 1), np.float32),
    )


def fit_words(x: Seen, of: Labelled, train: Labels, test: Labels, seed: int) -> Probabilities:
    """Multinomial naive Bayes of the words."""
    from scipy.sparse import hstack
    from sklearn.naive_bayes import MultinomialNB

    words = hstack([x.words, one_hot(of.parents)], format="csr")
    model = MultinomialNB(alpha=0.1).fit(words[train], of.y[train])
    return _aligned(model.classes_, model.predict_proba(words[test]))


def fit_both(x: Seen, of: Labelled, train: Labels, test: Labels, seed: int) -> Probabilities:
    """Logistic regression of words and columns, by stochastic gradient descent."""
    from scipy.sparse import hstack
    from sklearn.linear_model import SGDClassifier

    both = hstack([x.words, 0.3 * x.columns, one_hot(of.parents)], format="csr")
    model = SGDClassifier(loss="log_loss", alpha=5e-5, max_iter=12, tol=None, random_state=seed, n_jobs=2)
    model.fit(both[train], of.y[train])
    return _aligned(model.classes_, model.predict_proba(both[test]))


def fit_columns(x: Seen, of: Labelled, train: Labels, test: Labels, seed: int) -> Probabilities:
    """A decision tree of the columns."""
    from sklearn.tree import DecisionTreeClassifier

    numbers = np.column_stack([x.numbers, of.parents]).astype(np.float32)
    model = DecisionTreeClassifier(max_depth=8, min_samples_leaf=25, random_state=seed)
    model.fit(numbers[train], of.y[train])
    return _aligned(model.classes_, model.predict_proba(numbers[test]))


Fit = Callable[[Seen, Labelled, Labels, Labels, int], Probabilities]
MODELS: dict[str, Fit] = {
    "naive Bayes of words": fit_words,
    "logistic regression of words and columns": fit_both,
    "decision tree of columns": fit_columns,
}


def predict(name: str, x: Seen, of: Labelled, train: Labels, test: Labels, *, seed: int) -> Probabilities:
    """Probabilities of the test rows, (rows, classes): 0 for a label that never lies under the row's parent."""
    found = np.zeros((len(test), of.classes))
    given = MODELS[name](x, of, train, test, seed)
    found[:, : given.shape[1]] = given
    allowed = np.zeros((int(of.parents.max()) + 1, of.classes))
    allowed[of.parents, of.y] = 1
    found = (found + _LEAST) * allowed[of.parents[test]]
    normed: Probabilities = found / found.sum(axis=1, keepdims=True)
    return normed


def majority(of: Labelled, train: Labels, test: Labels) -> Labels:
    """The most frequent label of training, of those under the test row's parent."""
    counts = np.zeros((int(of.parents.max()) + 1, of.classes))
    np.add.at(counts, (of.parents[train], of.y[train]), 1)
    counts[counts.sum(axis=1) == 0] = np.bincount(of.y[train], minlength=of.classes)
    best: Labels = counts.argmax(axis=1)[of.parents[test]]
    return best


def _aligned(labels: NDArray[Any], probabilities: Probabilities) -> Probabilities:
    """Columns by the number of the label."""
    found = np.zeros((len(probabilities), int(labels.max()) + 1))
    found[:, labels] = probabilities
    return found


def one_hot(codes: Labels) -> Any:
    """A sparse row a code."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(codes), np.float32)
    return csr_matrix((ones, (np.arange(len(codes)), codes)), shape=(len(codes), int(codes.max()) + 1))
