"""Whether reasons are reasons: without the words that are named, a champion is less sure than without others.

Comprehensiveness against random rationales (DeYoung et al., "ERASER", ACL 2020).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.calibrated import Calibrated
from ml.classify.learner import Inputs, Reason, Vectors
from ml.classify.occlusion import WORD

NAMED = 3
"""Words that are left out."""
MOST = 200
"""Tickets that are looked at."""
SEED = 7
Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Faithful:
    """Tickets with enough words and reasons, and the share of them that lost more without the named words."""

    tickets: int
    share: float | None


def faithful(member: Calibrated, inputs: Inputs, encode: Encode) -> Faithful:
    """Leave out the words that speak most for each answer, then as many others; texts are encoded again each time."""
    draw = np.random.default_rng(SEED)
    taken = inputs.take(np.sort(draw.permutation(len(inputs))[:MOST]))
    best = member.probabilities(taken).argmax(axis=1)
    reasons = member.explain(taken, best.tolist(), full=True)
    without = [_pair(text, told, draw) for text, told in zip(taken.texts, reasons, strict=True)]
    kept = np.array([place for place, pair in enumerate(without) if pair is not None], dtype=np.int64)
    if not len(kept):
        return Faithful(0, None)
    pairs = [pair for pair in without if pair is not None]
    named, other = (_sure(member, taken.take(kept), best[kept], encode, [pair[at] for pair in pairs]) for at in (0, 1))
    return Faithful(len(kept), float((named < other).mean()))


def _pair(text: str, reasons: Sequence[Reason], draw: np.random.Generator) -> tuple[str, str] | None:
    """The text without the named words, and without as many others; None where it has too few of either."""
    words = list(dict.fromkeys(word.lower() for word in WORD.findall(text)))
    speaking = [reason.term.lower() for reason in reasons if reason.weight > 0]
    named = [term for term in dict.fromkeys(speaking) if term in words][:NAMED]
    others = [word for word in words if word not in named]
    if len(named) < NAMED or len(others) < NAMED:
        return None
    return _left_out(text, named), _left_out(text, list(draw.choice(others, NAMED, replace=False)))


def _left_out(text: str, words: Sequence[str]) -> str:
    return re.sub(rf"\b(?:{'|'.join(re.escape(word) for word in words)})\b", " ", text, flags=re.IGNORECASE)


def _sure(
    member: Calibrated, inputs: Inputs, classes: NDArray[np.int64], encode: Encode, texts: list[str]
) -> NDArray[np.float64]:
    """The probability of each ticket's class with these texts in the place of its own."""
    given = member.probabilities(Inputs(pl.Series(texts, dtype=pl.String), encode(texts), inputs.table))
    sure: NDArray[np.float64] = given[np.arange(len(texts)), classes]
    return sure
