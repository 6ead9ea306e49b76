"""Answers in the words of their sources: no model, no network, the same every time.

Which sentences are said hangs on the evidence and on the names in the question, never on what else the question says:
who writes a ticket cannot steer the answer but through what is found. Sentences are chosen by maximal marginal
relevance (Carbonell and Goldstein, "The use of MMR, diversity-based reranking", 1998) to the centre of the evidence
(Radev et al., "Centroid-based summarization of multiple documents", 2004).
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log1p
from typing import Literal

import msgspec

from ml.answer.draft import Draft, Option, Sentence
from ml.answer.evidence import Evidence, Question
from ml.answer.injection import is_order, without_orders
from ml.answer.pieces import Form, pieces
from ml.answer.wording import content, likeness, tokens

NAME = "offline"
MOST_SENTENCES, MOST_STEPS, MOST_ALTERNATIVES = 4, 6, 3
READ = 8
"""Pieces of evidence of each kind that are read."""
RELEVANCE = 0.7
"""Of MMR: how much nearness counts beside novelty."""
NAMED = 2.0
"""How much more a sentence counts that has a name of the question."""
OWN_LANGUAGE = 1.25
"""How much more an article counts that is in the language of who asks."""
SAME = 0.75
"""Likeness from which two sentences say the same."""
NEAR = 0.34
"""Cosine below which nothing that was found is near. On simulated tickets with the default encoder all find one another
nearer, as do nearly all of their subjects alone; greetings, recipes and Latin find nothing that is."""
LEAST = 0.12
"""Score below which, where nothing was compared by meaning, nothing that was found is evidence."""
RATE = 0.08
"""Shrunk rate below which a solution is none."""
VAGUE, NO_REMEDY, NOTHING, WEAK = (
    "no word of the question says what it is about",
    "nothing that was found names a remedy",
    "nothing was found",
    "what was found is not near enough to what was asked",
)
_Form = Form | Literal["marked"]
"""What speaks to a model comes after all else; people may still read it."""
_WEIGHT: dict[_Form, float] = {"heading": 0.0, "item": 0.6, "step": 0.9, "sentence": 1.0, "marked": 0.01}
_SHORTEST, _LONGEST = 2, 60
_SYMPTOMS = re.compile(
    r"(?i)\b(?:symptom\w*|sintom\w*|what (?:you|users?|customers?) (?:see|notice|report)|how it shows|"
    r"problem description|description of the problem|observed behaviou?r|anzeichen|fehlerbild|problembeschreibung|"
    r"was (?:sie sehen|zu sehen ist|man sieht)|ce que vous voyez|symptômes|description du problème|lo que (?:se )?ve|"
    r"qué se ve|descripción del problema|cosa si vede|descrizione del problema|o que (?:se|você) vê|"
    r"descrição do problema)\b|症状|現象|现象|问题描述|問題の内容"
)
"""Headings below which an article tells what is seen."""
_NOTICES = re.compile(
    r"(?i)\A(?:this (?:page|article|document|guide|topic)|diese seite|dieser artikel|dieses dokument|cette page|"
    r"cet article|ce document|esta página|este artículo|este documento|este artigo|questa pagina|questo articolo|"
    r"questo documento)\b|\A(?:本页|本文|此页|此文|このページ|この記事|本記事)"
)
"""Beginnings of sentences in which an article tells of itself, such as for which release it was written."""


class _Said(msgspec.Struct, frozen=True):
    """A sentence of a source, its words, and how much it is worth by itself."""

    text: str
    keys: tuple[str, ...]
    source: Evidence
    form: _Form
    weight: float
    symptom: bool = False
    """Whether it tells what is seen, and neither why nor what helps."""


class Offline:
    """The composer that is always there."""

    name = NAME

    def compose(self, question: Question, evidence: Sequence[Evidence]) -> Draft:
        """Return an answer in the sources' words; one that says why, where evidence is thin."""
        said, left_out = _said([_preferred(one, question.language) for one in evidence])
        if why := thin(question, evidence, bool(said)):
            return Draft(thin=why, left_out=left_out)
        chosen = _chosen(said, {entity.written for entity in question.entities})
        steps = _steps(said)
        return Draft(
            sentences=[Sentence(one.text, _supporting(one, said)) for one in chosen],
            steps=[Sentence(one.text, _supporting(one, said)) for one in steps],
            alternatives=_alternatives(said, [*chosen[:1], *steps]),
            left_out=left_out,
        )


def thin(question: Question, evidence: Sequence[Evidence], says: bool = True) -> str | None:
    """Why there is too little for an answer; null where there is enough."""
    if not question.entities and not content(f"{question.title}\n{question.body}"):
        return VAGUE
    if not evidence:
        return NOTHING
    remedies = [one for one in evidence if one.kind != "ticket" and (one.rate is None or one.rate >= RATE)]
    if not remedies or not says:
        return NO_REMEDY
    if (near := nearest(evidence)) is not None:
        return WEAK if near < NEAR else None
    return WEAK if max(one.score for one in remedies) < LEAST else None


def nearest(evidence: Sequence[Evidence]) -> float | None:
    """The highest cosine to what was asked, of what leads to a remedy; null where nothing was compared by meaning.

    A ticket that nobody has solved is no evidence, however near it is.
    """
    compared = [one for one in evidence if one.near is not None]
    if not compared:
        return None
    return max((one.near or 0.0 for one in compared if one.kind != "ticket" or one.solution_id), default=0.0)


def strength(one: Evidence) -> float:
    """How much a piece of evidence is worth: its score, of a solution also how often it helps."""
    return one.score * (0.5 + one.rate if one.rate is not None else 0.8)


def _said(evidence: Sequence[Evidence]) -> tuple[list[_Said], list[str]]:
    """All sentences of solutions and articles, the best source first, and ids of sources that speak to a model."""
    found: list[_Said] = []
    marked: list[str] = []
    titles = [said for one in evidence if one.kind == "ticket" and len(said := content(one.title)) >= _SHORTEST]
    for one in _read(evidence):
        orders = without_orders(one.text)[1]
        if orders or is_order(one.title):
            marked.append(one.id)
        for part in pieces(one.text):
            keys = tuple(content(part.text))
            if part.form == "heading" or not keys or _NOTICES.match(part.text):
                continue
            odd = any(part.text in order or order in part.text for order in orders)
            form: _Form = "marked" if odd else part.form
            seen = part.form != "step" and (
                bool(_SYMPTOMS.search(part.heading)) or any(likeness(keys, title) >= SAME for title in titles)
            )
            found.append(_Said(part.text, keys, one, form, strength(one) * _WEIGHT[form], seen))
    return found, marked


def _preferred(one: Evidence, language: str | None) -> Evidence:
    """Worth more in the language of who asks."""
    own = language is not None and one.language == language and one.kind == "article"
    return msgspec.structs.replace(one, score=one.score * OWN_LANGUAGE) if own else one


def _read(evidence: Sequence[Evidence]) -> list[Evidence]:
    kept = [one for one in evidence if one.text.strip() and (one.rate is None or one.rate >= RATE)]
    best = sorted(kept, key=lambda one: (-strength(one), one.id))
    return [one for kind in ("solution", "article") for one in [e for e in best if e.kind == kind][:READ]]


def _chosen(said: Sequence[_Said], named: set[str]) -> list[_Said]:
    """The best solution, then what is nearest to the centre of the evidence and not yet said."""
    centre: Counter[str] = Counter()
    for one in said:
        centre.update(dict.fromkeys(one.keys, one.weight))
    chosen = _first(said)
    told = [one for one in said if one.source.kind == "article" and _SHORTEST <= len(one.keys) <= _LONGEST]
    told = [one for one in told if one.form != "marked" and not one.symptom]
    pool = [one for one in told if one.form != "step"] or ([] if chosen else told)
    near = [_nearness(one, centre, named) for one in pool]
    top = max(near, default=1.0) or 1.0
    while pool and len(chosen) < MOST_SENTENCES:
        scores = [
            RELEVANCE * value / top - (1 - RELEVANCE) * max((likeness(one.keys, c.keys) for c in chosen), default=0.0)
            for one, value in zip(pool, near, strict=True)
        ]
        place = max(range(len(pool)), key=scores.__getitem__)
        if scores[place] <= 0:
            break
        one = pool.pop(place)
        near.pop(place)
        if all(likeness(one.keys, c.keys) < SAME for c in chosen):
            chosen.append(one)
    return chosen


def _first(said: Sequence[_Said]) -> list[_Said]:
    solutions = [one for one in said if one.source.kind == "solution"]
    return [max(solutions, key=lambda one: one.weight)] if solutions else []


def _nearness(one: _Said, centre: Counter[str], named: set[str]) -> float:
    """Mean weight of its words in the evidence, more for what the question names."""
    mean = sum(log1p(centre[key]) for key in set(one.keys)) / (len(set(one.keys)) + 2)
    names = any(name.casefold() in one.text.casefold() for name in named if len(name) > 2)
    return one.weight * mean * (NAMED if names else 1.0)


def _steps(said: Sequence[_Said]) -> list[_Said]:
    """What to do in order: the numbered list of the strongest article that has the strongest solution among its steps.

    Where none has, all that the solution says, before the list of the strongest article if it is worth more than that;
    without a list the solution alone: others are alternatives, and not steps after it.
    """
    lists: dict[str, list[_Said]] = {}
    for one in said:
        if one.form == "step":
            lists.setdefault(one.source.id, []).append(one)
    lead = _first(said)
    lead += [one for one in said if lead and one.source.id == lead[0].source.id and one != lead[0]]
    supporting = [
        steps for steps in lists.values() if any(likeness(lead[0].keys, one.keys) >= SAME for one in steps)
    ] if lead else []  # fmt: skip
    if supporting:
        return _distinct(supporting[0])[:MOST_STEPS]
    listed = next(iter(lists.values()), [])
    if listed and lead and lead[0].weight < listed[0].weight:
        lead = []
    return _distinct([*lead, *listed])[:MOST_STEPS]


def _alternatives(said: Sequence[_Said], used: Sequence[_Said]) -> list[Option]:
    """Other solutions; where there are none, steps of other articles."""
    sources = {one.source.id for one in used}
    others = [
        one for one in said if one.source.id not in sources and all(likeness(one.keys, u.keys) < SAME for u in used)
    ]
    ranked = [one for one in others if one.source.kind == "solution"] + [one for one in others if one.form == "step"]
    return [
        Option(one.text, _supporting(one, said), one.source.rate, one.source.attempts)
        for one in _distinct(ranked)[:MOST_ALTERNATIVES]
    ]


def _distinct(said: Sequence[_Said]) -> list[_Said]:
    kept: list[_Said] = []
    for one in said:
        if all(likeness(one.keys, other.keys) < SAME for other in kept):
            kept.append(one)
    return kept


def _supporting(one: _Said, said: Sequence[_Said]) -> list[str]:
    """Its source, then others that say the same in the same words."""
    own = {token.key for token in tokens(one.text)}
    others = [o.source.id for o in said if own == {token.key for token in tokens(o.text)}]
    return list(dict.fromkeys([one.source.id, *others]))
