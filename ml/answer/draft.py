"""What a composer hands over, and what a composer is."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ml.answer.evidence import Evidence, Question


class Sentence(msgspec.Struct, frozen=True):
    """A sentence, and the ids of what supports it, the first one most."""

    text: str
    ids: list[str]


class Option(msgspec.Struct, frozen=True):
    """Another solution: how often it helps where that is known, shrunk towards what is usual."""

    text: str
    ids: list[str]
    rate: float | None
    attempts: int


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An answer before it is verified. `thin`: why there is none.

    `left_out`: ids of sources with sentences that speak to a model; none is given those sentences.
    """

    sentences: list[Sentence] = []
    steps: list[Sentence] = []
    alternatives: list[Option] = []
    thin: str | None = None
    left_out: list[str] = []
    composer: str = "offline"
    fell_back: str | None = None
    """Why the composer that was asked did not compose it."""


class Composer(Protocol):
    """Puts an answer together from evidence. Safe to call from several threads; raises nothing."""

    name: str

    def compose(self, question: Question, evidence: Sequence[Evidence]) -> Draft:
        """Return an answer, each of its sentences with what supports it."""
        ...
