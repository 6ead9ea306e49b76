"""What tells a good answer from a bad one, as numbers from 0 to 1."""

import re
from collections.abc import Sequence
from datetime import datetime
from math import exp, log1p

from ml.answer.checked import Checked
from ml.answer.compose import nearest, strength
from ml.answer.evidence import Evidence, Question
from ml.answer.wording import content, likeness

NAMES = (
    "grounding", "kept", "coverage", "entities", "agreement", "success", "tried", "score", "margin", "near",
    "freshness", "tone", "length", "answered",
)  # fmt: skip
TOP = 5
"""Pieces of evidence of each kind whose agreement counts."""
UNKNOWN = 0.5
"""What stands for a feature about which nothing is known."""
FADES = 365.0
"""Days after which what is known counts half."""
FULL = 5
"""Sentences and steps of an answer that leaves nothing to wish for."""
_SAME = 0.6
_LOUD = re.compile(r"!{2,}|\?{2,}|\b[A-Z]{4,}(?:\s+[A-Z]{4,})+\b")
_BLAMING = re.compile(
    r"(?i)\b(?:obviously|stupid|your (?:own )?fault|as (?:we|i) (?:already )?(?:said|told)|you should have|idiot|"
    r"ridiculous|offensichtlich|selber schuld|dumm|évidemment|votre faute|stupide|obviamente|su culpa|culpa suya|"
    r"ovviamente|colpa sua|evidentemente|culpa sua)\b|当たり前|あなたのせい|显然|你的错"
)


def features(answer: Checked, question: Question, evidence: Sequence[Evidence], now: datetime) -> dict[str, float]:
    """The features by name, in the order of `NAMES`."""
    draft = answer.draft
    said = [*draft.sentences, *draft.steps]
    text = " ".join(one.text for one in said)
    cited = {id_ for one in said for id_ in one.ids}
    sources = [one for one in evidence if one.id in cited]
    top = best(answer, evidence)
    ranked = sorted((one.score for one in evidence if one.kind == "solution"), reverse=True)
    dropped = len(answer.dropped)
    return {
        "grounding": answer.grounding,
        "kept": len(said) / (len(said) + dropped) if said or dropped else 0.0,
        "coverage": _coverage(question, sources, text),
        "entities": _named(question, sources, text),
        "agreement": agreement(top, evidence),
        "success": UNKNOWN if top is None or top.rate is None else top.rate,
        "tried": 0.0 if top is None else min(1.0, log1p(top.attempts) / log1p(100)),
        "score": top.score if top is not None else 0.0,
        "margin": ranked[0] - ranked[1] if len(ranked) > 1 else UNKNOWN,
        "near": _near(evidence),
        "freshness": _freshness(sources, now),
        "tone": _tone(text),
        "length": min(1.0, len(said) / FULL),
        "answered": float(draft.thin is None),
    }


def best(answer: Checked, evidence: Sequence[Evidence]) -> Evidence | None:
    """The solution that an answer puts first; the strongest that it cites at all."""
    solutions = {one.id: one for one in evidence if one.kind == "solution"}
    draft = answer.draft
    cited = [id_ for one in [*draft.sentences[:1], *draft.steps[:1]] for id_ in one.ids if id_ in solutions]
    others = [id_ for one in [*draft.sentences, *draft.steps] for id_ in one.ids if id_ in solutions]
    if cited:
        return solutions[cited[0]]
    return max((solutions[id_] for id_ in others), key=strength, default=None)


def agreement(top: Evidence | None, evidence: Sequence[Evidence]) -> float:
    """Share of the best tickets and articles, by score, that point to the solution: it solved them, or they say it."""
    if top is None:
        return 0.0
    words = content(top.text)
    tickets = [one for one in evidence if one.kind == "ticket" and one.solution_id][:TOP]
    articles = [one for one in evidence if one.kind == "article"][:TOP]
    votes = [(one.score, one.solution_id == top.solution_id) for one in tickets]
    votes += [(one.score, likeness(words, content(one.text)) >= _SAME) for one in articles]
    total = sum(score for score, _ in votes)
    return sum(score for score, agrees in votes if agrees) / total if total else UNKNOWN


def _coverage(question: Question, sources: Sequence[Evidence], text: str) -> float:
    """Share of the question's weighty words, those of its title twice, that the answer or its sources have."""
    there = set(content(text)) | {key for one in sources for key in content(f"{one.title} {one.text}")}
    asked = [*dict.fromkeys(content(question.title)), *dict.fromkeys(content(question.body))]
    return sum(key in there for key in asked) / len(asked) if asked else 0.0


def _named(question: Question, sources: Sequence[Evidence], text: str) -> float:
    told = " ".join([text, *(f"{one.title} {one.text}" for one in sources)]).casefold()
    names = question.entities
    if not names:
        return UNKNOWN
    return sum(one.name.casefold() in told or one.written.casefold() in told for one in names) / len(names)


def _near(evidence: Sequence[Evidence]) -> float:
    """How near the nearest is to what was asked."""
    known = nearest(evidence)
    return UNKNOWN if known is None else min(1.0, max(0.0, known))


def _freshness(sources: Sequence[Evidence], now: datetime) -> float:
    ages = [max(0.0, (now - one.at).total_seconds() / 86_400) for one in sources if one.at is not None]
    return exp(-0.693 * min(ages) / FADES) if ages else UNKNOWN


def _tone(text: str) -> float:
    """1 for what one may say to a customer; shouting and blaming take from it."""
    faults = len(_LOUD.findall(text)) + 2 * len(_BLAMING.findall(text))
    return 1.0 / (1 + faults)
