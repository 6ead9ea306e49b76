"""Misspelled words: the known word that is one or two letters away.

Symmetric deletion (Garbe, "SymSpell", 2012): words are looked up by what is left of them without one or two letters;
what is found is checked by the distance of Damerau and Levenshtein (optimal string alignment).
"""

from collections.abc import Iterable, Mapping
from itertools import combinations

SHORTEST = 5
"""Shorter words are not corrected."""
TWICE_FROM = 9
"""Letters from which two mistakes are forgiven."""


class Spelling:
    """Known words, with how often each is used."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self.known = dict(known)
        self._near: dict[str, list[str]] = {}
        for word in sorted(known):
            if len(word) >= SHORTEST:
                for form in _shorter(word, _allowed(word)):
                    self._near.setdefault(form, []).append(word)

    def correct(self, word: str) -> str | None:
        """The known word that is meant: the nearest, then the most used. None for known, short and strange ones."""
        if len(word) < SHORTEST or word in self.known:
            return None
        most = _allowed(word)
        near = {other for form in _shorter(word, most) for other in self._near.get(form, ())}
        ranked = [(distance(word, other), -self.known[other], other) for other in near]
        fits = [one for one in ranked if one[0] <= min(most, _allowed(one[2]))]
        return min(fits)[2] if fits else None


def distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace, or swap with their neighbour, to turn one word into the other."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _allowed(word: str) -> int:
    return 2 if len(word) >= TWICE_FROM else 1


def _shorter(word: str, most: int) -> Iterable[str]:
    yield word
    for count in range(1, most + 1):
        for gone in combinations(range(len(word)), count):
            yield "".join(letter for at, letter in enumerate(word) if at not in gone)
