"""Whether a sentence says no more than the sources that it names, clause by clause.

The unit is the sentence beside the sentence of the source that is nearest to it, as in SummaC (Laban et al., "SummaC:
re-visiting NLI-based models for inconsistency detection in summarization", 2022). What is checked are the ways in which
summaries go wrong (Kryściński et al., "Evaluating the factual consistency of abstractive text summarization", 2020):
numbers and names exchanged, negations put in or left out, sentences from elsewhere; and opposites and certainty.
"""

import re
from collections.abc import Callable, Sequence, Set

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.answer.pieces import pieces
from ml.answer.polarity import denies, expanded, leads, negations, numbers, opposed, opposed_dense, surer
from ml.answer.wording import Token, idle, tokens

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts as rows of unit length, (n, d)."""


class Bounds(msgspec.Struct, frozen=True):
    """What share of a sentence's words, and of each clause's, its sources must have; near in meaning, fewer do."""

    sentence: float = 0.8
    clause: float = 0.67
    near: float = 0.86
    near_sentence: float = 0.6


SHIPPED = Bounds()
_CLAUSE = re.compile(r"[,;:。；、，：]\s*|\s(?:—|–|-)\s|(?<=[.!?])\s+|\s(?:and|but|und|aber|et|mais|y|pero|e|ma|mas)\s")


class Verdict(msgspec.Struct, frozen=True):
    """`support`: share of the words that the sources have. `why`: what is wrong; null for a sentence that stands."""

    support: float
    why: str | None = None


def verify(sentence: str, sources: Sequence[str], *, encode: Encode | None = None, bounds: Bounds = SHIPPED) -> Verdict:
    """Judge a sentence by the texts of what it cites."""
    told = [expanded(piece.text) for source in sources for piece in pieces(source)]
    if not told:
        return Verdict(0.0, "no source")
    text = expanded(sentence)
    keys = [{token.key for token in tokens(one)} for one in told]
    everywhere = set().union(*keys)
    words = _weighty(text, everywhere)
    if not words:
        return Verdict(0.0, "says nothing")
    supported = 0
    for clause in _clauses(text):
        own = _weighty(clause, everywhere)
        if not own:
            continue
        best = max(range(len(told)), key=lambda place: (_covered(own, keys[place]), -len(keys[place])))
        hits = _covered(own, keys[best])
        if why := _contradicted(clause, told[best], own):
            return Verdict(hits / len(own), why)
        supported += hits
        if hits < bounds.clause * len(own) and not _near(clause, told, encode, bounds, hits / len(own)):
            return Verdict(hits / len(own), "not in the source")
    share = supported / len(words)
    if share < bounds.sentence and not _near(text, told, encode, bounds, share):
        return Verdict(share, "not in the source")
    return Verdict(share)


def _clauses(text: str) -> list[str]:
    """Clauses of more than one weighty word; a shorter one belongs to the one before."""
    found: list[str] = []
    for part in _CLAUSE.split(text):
        if not part or not part.strip():
            continue
        short = sum(token.sort != "word" or token.key not in idle() for token in tokens(part)) < 2
        if found and short:
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


def _weighty(text: str, known: set[str]) -> list[Token]:
    """Words that say something: no grammar, no denial, and none that only leads to what is said."""
    return [
        token
        for token in tokens(text)
        if token.sort != "word"
        or (token.key not in idle() and not denies(token) and (token.key in known or not leads(token)))
    ]


def _covered(words: Sequence[Token], source: set[str]) -> int:
    return sum(token.key in source for token in words)


def _contradicted(clause: str, source: str, words: Sequence[Token]) -> str | None:
    """What a clause says otherwise than the nearest sentence of its source."""
    keys = {token.key for token in tokens(source)}
    span = _span(source, {token.key for token in words})
    checks: dict[str, Callable[[], bool]] = {
        "another number": lambda: _foreign_number(clause, source),
        "a name that is not in the source": lambda: _foreign_name(clause, words, keys),
        "the opposite": lambda: (
            opposed_dense(clause, source)
            or any(opposed(token.key, token.text, keys) for token in tokens(clause) if token.sort == "word")
        ),
        "negated": lambda: len(negations(clause)) % 2 != len(negations(span)) % 2,
        "surer than the source": lambda: surer(clause, span),
    }
    return next((why for why, wrong in checks.items() if wrong()), None)


def _foreign_name(clause: str, words: Sequence[Token], keys: Set[str]) -> bool:
    """A code, an identifier, or a capital that does not begin the clause, which the source does not have."""
    return any(
        token.sort == "name" or (token.sort == "word" and token.text[0].isupper() and clause[: token.start].strip())
        for token in words
        if token.key not in keys
    )


def _span(source: str, keys: set[str]) -> str:
    """The part of a source's sentence that a clause repeats, with the words around it, as far as its own clauses go."""
    hits = [token.start for token in tokens(source) if token.key in keys]
    if not hits:
        return source
    start, end = min(hits), max(hits)
    breaks = [match.end() for match in _CLAUSE.finditer(source)]
    left = max((place for place in breaks if place <= start), default=0)
    right = min((place for place in breaks if place > end), default=len(source))
    return source[left:right]


def _foreign_number(clause: str, source: str) -> bool:
    """A number that the source does not have, or has beside other words."""
    said, told = numbers(clause), numbers(source)
    if set(said.values()) - set(told.values()):
        return True
    if len(set(told.values())) < 2:
        return False
    return any(
        not any(near & _beside(source, there) for there, same in told.items() if same == value)
        for at, value in said.items()
        if (near := _beside(clause, at) & {token.key for token in tokens(source)})
    )


def _beside(text: str, at: int) -> set[str]:
    """Keys of the words right before and after a place."""
    row = [token for token in tokens(text) if token.sort != "number"]
    before = [token.key for token in row if token.start < at][-1:]
    after = [token.key for token in row if token.start > at][:1]
    return {*before, *after}


def _near(text: str, told: Sequence[str], encode: Encode | None, bounds: Bounds, share: float) -> bool:
    """Whether the meaning is so near that fewer words do."""
    if encode is None or share < bounds.near_sentence:
        return False
    vectors = encode([text, *told])
    return float((vectors[1:] @ vectors[0]).max()) >= bounds.near
