"""Reasons for any model of texts: what each word takes away when it is left out (Zeiler and Fergus, 2014).

The sentence embedding stays as it is, so that a reason costs no forward pass: it says what the words' own terms do.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Inputs, Reason

MOST_WORDS = 40
WORD = re.compile(r"\w+")


def occlude(
    scores: Callable[[Inputs], NDArray[np.float64]], inputs: Inputs, classes: Sequence[int], temperature: float
) -> list[list[Reason]]:
    """For each ticket, what leaving out each word takes from its class, in logits, strongest first."""
    return [_one(scores, inputs.take(np.array([place])), wanted, temperature) for place, wanted in enumerate(classes)]


def _one(
    scores: Callable[[Inputs], NDArray[np.float64]], inputs: Inputs, wanted: int, temperature: float
) -> list[Reason]:
    text = inputs.texts[0]
    words = list(dict.fromkeys(WORD.findall(text)))[:MOST_WORDS]
    without = [re.sub(rf"\b{re.escape(word)}\b", " ", text) for word in words]
    again = inputs.take(np.zeros(len(words) + 1, dtype=np.int64))
    found = scores(Inputs(pl.Series([text, *without], dtype=pl.String), again.vectors, again.table))[:, wanted]
    lost = (found[0] - found[1:]) / temperature
    reasons = [Reason(word, float(weight)) for word, weight in zip(words, lost, strict=True) if weight]
    return sorted(reasons, key=lambda reason: -abs(reason.weight))
