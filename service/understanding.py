"""What is said about tickets: for each target an answer with its confidence, its reasons, and what to do with it.

And whether a ticket needs a person now.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import polars as pl

from ml.anomaly.escalation import Escalation, escalations, risk, threshold
from ml.answers import Given, answer
from ml.classify.baseline import NAME as BASELINE
from ml.classify.decisions import Decision, decide
from ml.classify.learner import Inputs, Reason
from ml.classify.unknown import Strange
from ml.inputs import encoded, of_one
from ml.targets import ESCALATION, TARGETS
from service.models import Failed, Judge, Models
from service.shadow import Shadowed

REASONS = 5
ALTERNATIVES = 3
UNKNOWN = "unknown"
_UNJUDGED = Decision("suggest", "no threshold is set for what answers in the champion's place")
_WITHIN = {target.name: target.within for target in TARGETS}


class Alternative(msgspec.Struct, frozen=True):
    """A label, and the calibrated probability that it is right."""

    label: str
    confidence: float


class Version(msgspec.Struct, frozen=True):
    """Which model answered: its asset, the family, and the digest of its files."""

    name: str
    family: str
    digest: str


class Answer(msgspec.Struct, frozen=True):
    """One target. `label` is null where nothing can be learned, and `unknown` where the ticket fits no class."""

    label: str | None
    confidence: float | None
    alternatives: list[Alternative]
    reasons: list[Reason]
    decision: Decision
    served_by: Literal["champion", "other family", "baseline"]
    model: Version


class Hours(msgspec.Struct, frozen=True):
    """Hours until a tenth, half and nine tenths of such tickets are resolved."""

    p10: float
    p50: float
    p90: float


class Understood(msgspec.Struct, frozen=True):
    """One ticket. `missing` names models that no build has made yet, or that are damaged or do not fit the encoder.

    `escalation`: why it needs a person now; None where it does not. `shadow`: what challengers say, for nobody to see.
    """

    targets: dict[str, Answer]
    novelty: Strange | None
    resolution_hours: Hours | None
    escalation: Escalation | None
    missing: list[str]
    shadow: dict[str, Shadowed] | None = None


class Told(Protocol):
    """Whatever has answers by target."""

    @property
    def targets(self) -> Mapping[str, Answer]:
        """By name."""


def understand(
    models: Models, tickets: pl.DataFrame, features: pl.DataFrame, *, full: bool, failed: Failed
) -> list[Understood]:
    """One answer per ticket (columns `READ`, with their `features`). The text is encoded once, whatever is asked.

    Fall-backs, in order: the champion, the other family of the release, the TF-IDF baseline, nothing.
    """
    found: list[dict[str, Answer]] = [{} for _ in range(tickets.height)]
    novelty: list[Strange | None] = [None] * tickets.height
    hours: list[Hours | None] = [None] * tickets.height
    beside: Sequence[dict[str, Shadowed] | None] = [None] * tickets.height
    texts = encoded(tickets)
    if models.encoder is not None and (models.champions or models.resolution_time is not None):
        inputs = of_one(tickets, texts, features, models.encoder.encode(texts.to_list()))
        asked = {name: one for name, one in models.champions.items() if models.judges[name].silent is None}
        given = answer(asked, inputs, failed)
        for name in models.champions:
            if name in asked and name in given and (unknown := asked[name].unknown) is not None:
                novelty = [*unknown.judge(inputs)]
        for name, judge in models.judges.items():
            if judge.silent is not None:
                silent = _silent(judge, models.champions[name].members[0].family)
                for one in found:
                    one[name] = silent
            elif name in given:
                answers = _answers(models, name, given[name], inputs, novelty, full=full)
                for one, said in zip(found, answers, strict=True):
                    one[name] = said
        if models.resolution_time is not None:
            hours = [Hours(**row) for row in models.resolution_time.predict(inputs).to_dicts()]
        if models.shadow is not None:
            beside = models.shadow.answers(inputs, failed)
    if models.baseline is not None and tickets.height and "category" not in found[0]:
        for one, said in zip(found, _baseline(models, tickets), strict=True):
            one["category"] = said
    return [
        Understood(_ordered(one), new, time, pressing, _missing(models, one), unseen)
        for one, new, time, pressing, unseen in zip(
            found, novelty, hours, _escalations(models, tickets, texts, features, found), beside, strict=True
        )
    ]


def decided(told: Sequence[Told]) -> dict[str, Any]:
    """For a log: by target what was decided (of several tickets how often) and which model answered; no label."""
    decisions: dict[str, Any] = {}
    models: dict[str, str] = {}
    for one in told:
        for target, said in one.targets.items():
            counts = decisions.setdefault(target, {})
            counts[said.decision.action] = counts.get(said.decision.action, 0) + 1
            models[target] = f"{said.model.family}:{said.model.digest[:12]}"
    if len(told) == 1:
        decisions = {target: next(iter(counts)) for target, counts in decisions.items()}
    return {"decisions": decisions, "models": models}


def _escalations(
    models: Models, tickets: pl.DataFrame, texts: pl.Series, features: pl.DataFrame, found: list[dict[str, Answer]]
) -> list[Escalation | None]:
    answers = [one.get(ESCALATION.name) for one in found]
    chances = [risk(one.label, one.confidence) if one is not None else None for one in answers]
    least = threshold(models.policy.thresholds) if models.policy is not None else None
    return escalations(tickets, texts, features, pl.Series(chances, dtype=pl.Float64), least)


def _answers(
    models: Models, name: str, given: Given, inputs: Inputs, novelty: list[Strange | None], *, full: bool
) -> list[Answer]:
    champion, judge = models.champions[name], models.judges[name]
    best = given.best
    reasons = given.member.explain(inputs, best.tolist(), full=full)
    order = np.argsort(-given.probabilities, axis=1, kind="stable")
    version = Version(judge.name, given.member.family, judge.digest)
    by: Literal["champion", "other family"] = "other family" if given.fallback else "champion"
    strange = novelty if champion.unknown is not None or _WITHIN[name] is not None else [None] * len(best)
    found = []
    for row, place in enumerate(best):
        shown = [
            Alternative(given.classes[at], float(given.probabilities[row, at])) for at in order[row, : 1 + ALTERNATIVES]
        ]
        new = strange[row]
        if new is not None and new.unknown:
            if champion.unknown is not None:
                chance = dict(zip(given.classes, given.probabilities[row].tolist(), strict=True))
                shown = [Alternative(label, chance[label]) for label in new.nearest]
            found.append(Answer(UNKNOWN, None, shown, [], _new(new), by, version))
            continue
        confidence = float(given.probabilities[row, place])
        decision = _UNJUDGED if given.fallback else decide(given.classes[place], confidence, judge.thresholds)
        told = reasons[row] if full else reasons[row][:REASONS]
        found.append(Answer(shown[0].label, confidence, shown[1:], told, decision, by, version))
    return found


def _new(strange: Strange) -> Decision:
    why = f"fits no category: novelty {strange.score:.2f} is at least {strange.threshold:.2f}"
    return Decision("abstain", f"{why}; the nearest: {', '.join(strange.nearest)}", strange.threshold)


def _silent(judge: Judge, family: str) -> Answer:
    decision = Decision("abstain", f"nothing to learn: {judge.silent}")
    return Answer(None, None, [], [], decision, "champion", Version(judge.name, family, judge.digest))


def _baseline(models: Models, tickets: pl.DataFrame) -> list[Answer]:
    if models.baseline is None:
        return []
    version = Version(BASELINE, "tfidf_logistic", models.baseline_digest)
    found = []
    for subject, description in tickets.select("subject", "description").iter_rows():
        said = models.baseline.explain(subject, description)
        others = sorted(said.probabilities.items(), key=lambda one: -one[1])[1 : 1 + ALTERNATIVES]
        reasons = [Reason(reason.term, reason.weight) for reason in said.reasons]
        alternatives = [Alternative(*one) for one in others]
        found.append(Answer(said.label, said.confidence, alternatives, reasons, _UNJUDGED, "baseline", version))
    return found


def _ordered(found: Mapping[str, Answer]) -> dict[str, Answer]:
    return {target.name: found[target.name] for target in TARGETS if target.name in found}


def _missing(models: Models, found: Mapping[str, Answer]) -> list[str]:
    names = [target.name for target in TARGETS if target.name not in models.champions]
    return [f"models/{name}" for name in names] + ["models/resolution_time"] * (models.resolution_time is None)
