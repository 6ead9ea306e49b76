"""Whether a sentence says no more than the sources that it names, clause by clause.

The unit is the sentence beside the sentence of the source that is nearest to it, as in SummaC (Laban et al., "SummaC:
re-visiting NLI-based models for inconsistency detection in summarization", 2022). What is checked are the ways in which
summaries go wrong (Kryściński et al., "Evaluating the factual consistency of abstractive text summarization", 2020):
numbers, units and names exchanged, negations put in or left out, sentences from elsewhere; and opposites, certainty and
order.
"""

import re
from collections.abc import Callable, Sequence, Set

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.answer.pieces import pieces
from ml.answer.polarity import denies, expanded, leads, negations, numbers, opposed, opposed_dense, surer
from ml.answer.relations import foreign_unit, reversed_roles, swapped_in_time
from ml.answer.wording import Token, idle, tokens
from ml.retrieve.passages import sentences

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts as rows of unit length, (n, d)."""


class Bounds(msgspec.Struct, frozen=True):
    """What share of the words of a sentence and of each clause its sources have at least; how many running they lack.

    Where a sentence is as near in meaning to one of theirs as `near`, `near_words` of its words do.
    """

    sentence: float = 0.8
    clause: float = 0.6
    strange: int = 2
    near: float = 0.94
    near_words: float = 0.5


SHIPPED = Bounds()
_HARD = re.compile(r"[;:。；：]\s*|\s(?:—|–|-)\s|(?<=[.!?])\s+")
_SOFT = re.compile(
    r"[,、，]\s*|\s(?:and|but|then|because|since|so|which|und|aber|weil|et|mais|parce qu[e']|car|y|pero|porque|e|ma|"
    r"perché|mas)\s|\s(?=(?:after|nachdem|après|después|dopo|depois)\s)"
)
_CLAUSE = re.compile(f"{_HARD.pattern}|{_SOFT.pattern}")
_OPENING = re.compile(r"\A[^:：\d]{1,40}[:：]\s+(?=\S)")
_BARE = re.compile(r"[\W_]+")
OPENING = 3
"""Words of what stands before a colon and leads to what is said."""
WHOLE = 0.7
"""Share of a source's sentence from which the whole of it is repeated."""


class Verdict(msgspec.Struct, frozen=True):
    """`support`: share of the words that the sources have. `why`: what is wrong; null for a sentence that stands."""

    support: float
    why: str | None = None


def verify(sentence: str, sources: Sequence[str], *, encode: Encode | None = None, bounds: Bounds = SHIPPED) -> Verdict:
    """Judge a sentence by the texts of what it cites."""
    told = [expanded(one) for source in sources for piece in pieces(source) for one in _read(piece.text)]
    if not told:
        return Verdict(0.0, "no source")
    text = expanded(sentence)
    bare = _BARE.sub("", text.casefold())
    if any(bare == _BARE.sub("", one.casefold()) for one in told):
        return Verdict(1.0)
    keys = [{token.key for token in tokens(one)} for one in told]
    everywhere = set().union(*keys)
    supported = total = 0
    for clauses, best in _aligned(_said(text), told, keys, everywhere):
        whole = ", ".join(clauses)
        if why := _contradicted(whole, told[best], _weighty(whole, everywhere)):
            return Verdict(0.0, why)
        for clause in clauses:
            own = _weighty(clause, everywhere)
            hits = _covered(own, keys[best])
            thin = hits < bounds.clause * len(own) or _strange(own, keys[best]) >= bounds.strange
            if thin and not _near(text, told, encode, bounds, hits / len(own)):
                return Verdict(hits / len(own), "not in the source")
            supported, total = supported + hits, total + len(own)
    share = supported / total if total else 0.0
    if share < bounds.sentence and not _near(text, told, encode, bounds, share):
        return Verdict(share, "not in the source" if total else "says nothing")
    return Verdict(share)


def _read(piece: str) -> list[str]:
    """A piece, and its sentences where it has several."""
    parts = sentences(piece)
    return [piece, *parts] if len(parts) > 1 else [piece]


def _said(text: str) -> str:
    """Without the few words before a colon that only lead to what is said."""
    found = _OPENING.match(text)
    few = found is not None and len(_weighty(found.group(), set())) <= OPENING and not negations(found.group())
    return text[found.end() :] if found and few else text


def _aligned(
    text: str, told: Sequence[str], keys: Sequence[Set[str]], everywhere: Set[str]
) -> list[tuple[list[str], int]]:
    """Clauses, each with the place of the nearest sentence of the sources; neighbours with the same one together."""
    found: list[tuple[list[str], int]] = []
    denying = ""
    for part in _clauses(text):
        clause = f"{denying} {part}".strip()
        own = _weighty(clause, everywhere)
        if not own:
            denying = clause if negations(clause) else ""
            continue
        denying = ""
        before = found[-1][1] if found else None
        hits = [(_covered(own, known), place == before, -len(known)) for place, known in enumerate(keys)]
        best = max(range(len(told)), key=hits.__getitem__)
        if best == before:
            found[-1][0].append(clause)
        else:
            found.append(([clause], best))
    if denying and found:
        found[-1][0].append(denying)
    return found


def _clauses(text: str) -> list[str]:
    """Parts between stops, and between commas and conjunctions where each part has two weighty words."""
    found: list[str] = []
    for part in _HARD.split(text):
        held: list[str] = []
        for clause in _SOFT.split(part or ""):
            if held and _slight(held[-1]):
                held[-1] += f" {clause}"
            else:
                held.append(clause)
        if len(held) > 1 and _slight(held[-1]):
            last = held.pop()
            held[-1] += f" {last}"
        found += [one for one in held if one.strip()]
    return found


def _slight(clause: str) -> bool:
    return sum(token.sort != "word" or token.key not in idle() for token in tokens(clause)) < 2


def _weighty(text: str, known: Set[str]) -> list[Token]:
    """Words that say something: no grammar, no denial, and at the beginning none that only leads to what is said."""
    found: list[Token] = []
    for token in tokens(text):
        if token.sort == "word" and (token.key in idle() or denies(token)):
            continue
        if found or token.key in known or not leads(token):
            found.append(token)
    return found


def _covered(words: Sequence[Token], source: Set[str]) -> int:
    return sum(token.key in source for token in words)


def _strange(words: Sequence[Token], source: Set[str]) -> int:
    """How many words running the source does not have, at most: rewording changes one here and there."""
    longest = run = 0
    for token in words:
        run = run + 1 if token.sort == "word" and token.key not in source else 0
        longest = max(longest, run)
    return longest


def _contradicted(clause: str, source: str, words: Sequence[Token]) -> str | None:
    """What a clause says otherwise than the nearest sentence of its source."""
    keys = {token.key for token in tokens(source)}
    span = _span(source, {token.key for token in words})
    checks: dict[str, Callable[[], bool]] = {
        "another number": lambda: _foreign_number(clause, source),
        "another unit": lambda: foreign_unit(clause, source),
        "a name that is not in the source": lambda: _foreign_name(clause, words, keys),
        "the opposite": lambda: (
            opposed_dense(clause, source)
            or any(opposed(token.key, token.text, keys) for token in tokens(clause) if token.sort == "word")
        ),
        "negated": lambda: len(negations(clause)) != len(negations(span)),
        "surer than the source": lambda: surer(clause, span),
        "another order": lambda: swapped_in_time(clause, source) or reversed_roles(words, clause, source),
    }
    return next((why for why, wrong in checks.items() if wrong()), None)


def _foreign_name(clause: str, words: Sequence[Token], keys: Set[str]) -> bool:
    """A code, an identifier, or a capital that does not begin the clause, which the source does not have."""
    return any(
        token.sort == "name" or (token.sort == "word" and token.text[0].isupper() and clause[: token.start].strip())
        for token in words
        if token.key not in keys
    )


def _span(source: str, keys: Set[str]) -> str:
    """The part of a source's sentence that a clause repeats, as far as its clauses go; all of it where that is most."""
    weighty = [token for token in tokens(source) if token.sort != "word" or token.key not in idle()]
    hits = [token.start for token in weighty if token.key in keys]
    if not hits or len(hits) >= WHOLE * len(weighty):
        return source
    breaks = [match.end() for match in _CLAUSE.finditer(source)]
    left = max((place for place in breaks if place <= min(hits)), default=0)
    right = min((place for place in breaks if place > max(hits)), default=len(source))
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
    if encode is None or share < bounds.near_words:
        return False
    vectors = encode([text, *told])
    return float((vectors[1:] @ vectors[0]).max()) >= bounds.near
