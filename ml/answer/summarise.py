"""A ticket in at most three sentences: what it says is wrong, in its own words, and a line of the other names in it.

Sentences are chosen to cover the ticket's weighty words with the fewest of them: coverage is monotone and submodular,
so that taking the best one again and again is near the best choice (Lin and Bilmes, "A class of submodular functions
for document summarization", 2011). What opens a ticket tells more of it than what closes it.
"""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from ml.answer.evidence import Question
from ml.answer.injection import is_order, without_orders
from ml.answer.naming import Entity, stated
from ml.answer.wording import content, tokens
from ml.retrieve.passages import sentences

MOST = 3
"""Sentences, the line of names among them."""
LONGEST = 240
"""Characters of a sentence that is taken."""
CANDIDATES = 40
EARLY = 1.0
"""How much more the first sentence of a ticket counts than the last."""
TWICE = 2.0
"""How much more a word counts that stands in several sentences."""
SHORT = 2
"""Words that are added to a sentence's length before it is held against it."""
ORDER = ("product", "version", "module", "error_code", "exception", "path", "url", "ticket")
MOST_NAMES, MOST_STATED = 12, 2
_STOP = re.compile(r"[.!?。！？…]\Z")
_DENSE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


class Summary(msgspec.Struct, frozen=True):
    """`sentences` in the order of the ticket, then a line of the names not in them; `facts` are all names by kind."""

    sentences: list[str]
    facts: dict[str, list[str]]
    text: str


def summarise(asked: Question, *, most: int = MOST) -> Summary:
    """Sum up a ticket. Sentences that speak to a model tell nothing of it, and are left out."""
    title = "" if is_order(asked.title) else asked.title
    body = without_orders(asked.body)[0]
    said = _candidates(title, body)
    names = sorted((one for one in asked.entities if one.kind in ORDER), key=lambda one: ORDER.index(one.kind))
    facts = _facts(names, body)
    chosen = _cover(said, most - bool(facts), names)
    lines = [_stopped(said[place]) for place in sorted(chosen)]
    told = " ".join(lines).casefold()
    unsaid = [", ".join(one for one in values if one.casefold() not in told) for values in facts.values()]
    if any(unsaid):
        lines.append("; ".join(filter(None, unsaid)) + ".")
    return Summary(lines, facts, " ".join(lines))


def _candidates(title: str, body: str) -> list[str]:
    found = [one[:LONGEST] for text in (title, body) for one in sentences(text) if content(one)]
    return list(dict.fromkeys(found))[:CANDIDATES]


def _facts(names: Sequence[Entity], body: str) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for one in names[:MOST_NAMES]:
        facts.setdefault(one.kind, []).append(_shown(one))
    told = " ".join(f"{one.name} {one.written}" for one in names).casefold()
    others = [one for one in dict.fromkeys(stated(body)) if one.casefold() not in told]
    return {**facts, "stated": others[:MOST_STATED]} if others else facts


def _shown(one: Entity) -> str:
    return one.name if one.name.casefold() == one.written.casefold() else f"{one.name} ({one.written})"


def _stopped(sentence: str) -> str:
    if _STOP.search(sentence):
        return sentence
    return sentence.rstrip(" ,;:") + ("。" if _DENSE.search(sentence) else ".")


def _cover(said: Sequence[str], room: int, names: Sequence[Entity]) -> list[int]:
    """Places of the sentences that together say most."""
    keys = [set(content(one)) for one in said]
    counts = Counter(key for one in keys for key in one)
    told = {token.key for one in names for token in tokens(one.written)}
    worth = {key: 1.0 + TWICE * (count > 1) for key, count in counts.items() if key not in told}
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < min(room, len(said)):
        gains = [
            (0.0 if place in chosen else _gain(keys[place] - covered, worth, place / len(said), len(keys[place])))
            for place in range(len(said))
        ]
        best = max(range(len(said)), key=gains.__getitem__)
        if gains[best] <= 0:
            break
        chosen.append(best)
        covered |= keys[best]
    return chosen


def _gain(new: set[str], worth: dict[str, float], depth: float, length: int) -> float:
    """What a sentence adds, by how much of it there is to read, the earlier the more."""
    return sum(worth.get(key, 0.0) for key in new) / (length + SHORT) * (1 + EARLY * (1 - depth))
