"""The learnability audit: what can be learned of each target from what is known when a ticket is opened."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.audit import leaks, models, noise, permutation
from ml.audit.columns import WORDED, Availability, availability
from ml.audit.labels import TARGETS, Labelled, Labels, labelled, numbered, same_texts
from ml.audit.leaks import ColumnScore
from ml.audit.models import Seen
from ml.audit.templates import masked, templates
from ml.audit.verdicts import Judged, Verdict, verdict
from ml.evaluate.splits import group_folds, time_split

SAMPLE = 8_000
LEAST_ROWS = 200
FOLDS = 3
FOLDS_OF_FEW, FEW_GROUPS = 5, 30
"""So many folds where there are few groups: what is left for training is little already."""


@dataclass(frozen=True)
class Finding:
    """What the audit says of one target."""

    target: str
    verdict: Verdict
    reason: str
    rows: int
    classes: int
    model: str
    time: Judged | None = None
    customers: Judged | None = None
    unseen: Judged | None = None
    templates: int = 0
    ceiling: float | None = None
    ceiling_from: str | None = None
    duplicates: float | None = None
    shared_templates: float | None = None
    columns: tuple[ColumnScore, ...] = ()

    @property
    def leaks(self) -> list[str]:
        """Columns known only afterwards that tell the target, the most telling first."""
        return leaks.leaking(self.columns)


@dataclass(frozen=True)
class Audit:
    """All findings; `sampled_from` says of how many closed tickets `rows` were drawn."""

    seed: int
    rows: int
    sampled_from: int
    availability: tuple[Availability, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Tickets:
    """Tickets of one target, read once."""

    rows: pl.DataFrame
    of: Labelled
    seen: Seen
    customers: Labels
    templates: Labels
    texts: Labels


def audit(tickets: pl.DataFrame, *, seed: int, sample: int = SAMPLE) -> Audit:
    """Judge every target that `tickets` (columns of `silver/tickets`) has; at most `sample` tickets are drawn.

    Labels are those of closed tickets, for open ones may still change; where no ticket is closed, of all.
    """
    closed = tickets.filter(pl.col("resolved_at").is_not_null())
    known_labels = closed if closed.height else tickets
    rows = known_labels.sort("ticket_id")
    if rows.height > sample:
        rows = rows.sample(sample, seed=seed, shuffle=False)
    rows = rows.sort("created_at", "ticket_id")
    known = availability(tickets)
    opened = [c.column for c in known if not c.afterwards and c.column not in WORDED]
    opened = [name for name in opened if rows[name].n_unique() > 1]
    if rows.height < LEAST_ROWS:
        silent = tuple(_silent(name, rows.height, 0) for name in TARGETS if name in rows.columns)
        return Audit(seed, rows.height, known_labels.height, tuple(known), silent)
    read = models.seen(rows, opened)
    texts = masked(rows)
    like = templates(texts, seed=seed)
    same = same_texts(rows)
    who = numbered(rows.select(pl.coalesce("customer_id", "ticket_id")).to_series())
    findings = []
    for name in (target for target in TARGETS if target in rows.columns):
        of, keep = labelled(rows, name)
        if len(keep) < LEAST_ROWS or of.classes < 2:
            findings.append(_silent(name, len(keep), of.classes))
            continue
        part = _Tickets(rows[keep], of.rows(keep), _taken(read, keep), who[keep], like[keep], same[keep])
        findings.append(_finding(name, part, known, seed))
    return Audit(seed, rows.height, known_labels.height, tuple(known), tuple(findings))


def _finding(name: str, part: _Tickets, known: list[Availability], seed: int) -> Finding:
    split = time_split(part.rows["created_at"])
    if split is None:
        return _silent(name, part.rows.height, part.of.classes)
    parts = part.rows.select(split.part()).to_series().to_numpy()
    train, validation, test = (np.flatnonzero(parts == which) for which in ("train", "validation", "test"))
    best = max(models.MODELS, key=lambda model: _strength(model, part, train, validation, seed))
    past = np.concatenate([train, validation])
    time = _judged(part, [(past, test)], best, np.zeros(len(part.of.y), np.int64), seed)
    customers = _grouped(part, part.customers, best, seed)
    unseen = _grouped(part, part.templates, best, seed)
    shared = float(np.isin(part.templates[test], part.templates[past]).mean())
    judgement, reason = verdict(time, customers, unseen, shared_templates=shared)
    others = [column for column in known if column.column not in {name, *WORDED}]
    exact, close = (noise.ceiling(part.of.y, groups, part.of.parents) for groups in (part.texts, part.templates))
    scores = leaks.column_scores(part.rows, part.of, (past, test), others)
    late = leaks.leaking(scores)
    if judgement == "nothing to learn" and late:
        reason += f"; it shows only in what is known afterwards: {', '.join(late)}"
    return Finding(
        target=name,
        verdict=judgement,
        reason=reason,
        rows=len(part.of.y),
        classes=part.of.classes,
        model=best,
        time=time,
        customers=customers,
        unseen=unseen,
        templates=len(np.unique(part.templates)),
        ceiling=exact if exact is not None else close,
        ceiling_from="equal texts" if exact is not None else "templates" if close is not None else None,
        duplicates=float(np.isin(part.texts[test], part.texts[past]).mean()),
        shared_templates=shared,
        columns=tuple(scores),
    )


def _strength(model: str, part: _Tickets, train: Labels, validation: Labels, seed: int) -> float:
    found = models.predict(model, part.seen, part.of, train, validation, seed=seed)
    return permutation.z_score(part.of.y[validation], found, part.of.parents[validation])


def _grouped(part: _Tickets, groups: Labels, model: str, seed: int) -> Judged | None:
    """Every ticket judged once by a model that saw none of its group."""
    distinct, numbered = np.unique(groups, return_inverse=True)
    folds = FOLDS_OF_FEW if len(distinct) < FEW_GROUPS else FOLDS
    fold = group_folds(numbered.astype(np.int64), folds, seed=seed)
    if fold is None:
        return None
    splits = [(np.flatnonzero(fold != tested), np.flatnonzero(fold == tested)) for tested in range(int(fold.max()) + 1)]
    return _judged(part, splits, model, groups, seed)


def _judged(part: _Tickets, splits: list[tuple[Labels, Labels]], model: str, groups: Labels, seed: int) -> Judged:
    """Fit and test; `groups` are what bounds draw anew: single tickets where all rows are of one."""
    everything = np.arange(len(part.of.y))
    several = len(splits) > 1
    truths, givens, gains, strata, tested = [], [], [], [], []
    for number, (train, test) in enumerate(splits):
        given = models.predict(model, part.seen, part.of, train, test, seed=seed)
        plain = models.majority(part.of, everything if several else train, test)
        truths.append(part.of.y[test])
        givens.append(given)
        gains.append((given.argmax(axis=1) == part.of.y[test]).astype(np.float64) - (plain == part.of.y[test]))
        strata.append(part.of.parents[test] * len(splits) + number)
        tested.append(test)
    truth, given, gain = np.concatenate(truths), np.concatenate(givens), np.concatenate(gains)
    right = float((given.argmax(axis=1) == truth).mean())
    drawn = groups[np.concatenate(tested)] if several else np.arange(len(truth))
    low, high = permutation.gain_bounds(gain, drawn, seed=seed)
    p = permutation.p_value(truth, given, np.concatenate(strata), seed=seed)
    return Judged(len(truth), right, right - float(gain.mean()), p, low, high)


def _taken(read: Seen, keep: Labels) -> Seen:
    return Seen(read.words[keep], read.columns[keep], read.numbers[keep])


def _silent(name: str, rows: int, classes: int) -> Finding:
    reason = f"{rows} labelled tickets of {classes} classes, expected at least {LEAST_ROWS} of two over some time"
    return Finding(name, "nothing to learn", reason, rows, classes, "none")
