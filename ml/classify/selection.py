"""Which family answers for a target: all are fitted on the past, chosen on what followed, judged on the newest.

The rule: of the families whose weighted F1 on the validation part is not worse than that of the best beyond chance
(95 % of paired bootstrap resamples), the one that answers a single ticket fastest. Those that lie within the interval
of the best also answer together, as one family more. The runner-up is kept to fall back on.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import families
from ml.classify.blend import MEMBERS, Blend
from ml.classify.calibrated import Calibrated
from ml.classify.calibration import calibrate, logs
from ml.classify.labels import lined_up, places
from ml.classify.learner import Answering, Inputs, Places
from ml.evaluate import measures
from ml.evaluate.splits import PARTS
from warehouse.errors import NothingToLearn

FEWEST_ROWS = 50
SINGLES = 30
"""Tickets that are answered one by one to see how long that takes."""
TAIL = 0.05
"""Labels of fewer tickets than this share are the tail."""
NO_RULE = ("majority",)
"""Families that are only a yardstick."""


@dataclass(frozen=True)
class Examples:
    """Labelled tickets in the order of time: what was known of each, its label, and its part (one of `PARTS`)."""

    inputs: Inputs
    labels: pl.Series
    parts: pl.Series
    languages: pl.Series

    def part(self, name: str) -> "Examples":
        """The tickets of one part."""
        return self.take(np.flatnonzero((self.parts == name).to_numpy()))

    def take(self, places: Places) -> "Examples":
        """The tickets at these places."""
        return Examples(
            self.inputs.take(places),
            self.labels.gather(places),
            self.parts.gather(places),
            self.languages.gather(places),
        )


@dataclass(frozen=True)
class Candidate:
    """A fitted and calibrated family with what it was worth on the validation part, and what it costs."""

    fitted: Calibrated
    guess: Places
    """Its answers on the validation part, places in its classes."""
    validation: measures.Interval
    fit_seconds: float
    milliseconds: NDArray[np.float64]
    bytes: int


def choose(
    examples: Examples,
    names: Sequence[str],
    *,
    seed: int,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> tuple[list[Candidate], list[Candidate]]:
    """Fit every family of `names`; all candidates, and those that answer: the champion, then its fall-back.

    Raises `NothingToLearn` where a part has no labels, or the training part fewer than two.
    """
    train, validation = examples.part("train"), examples.part("validation")
    _enough(train, validation, examples.part("test"))
    candidates = []
    for name in names:
        candidate = _candidate(name, train, validation, seed, dict((parameters or {}).get(name, {})))
        tell(f"{name}: weighted F1 {candidate.validation.value:.3f}, fitted in {candidate.fit_seconds:.1f} s")
        candidates.append(candidate)
    ranked = _ranked(candidates)
    together = [c for c in ranked if c.validation.value >= ranked[0].validation.low][:MEMBERS]
    if len(together) > 1:
        blends = {count: _together(together[:count], validation, seed) for count in range(2, len(together) + 1)}
        count, blend = max(blends.items(), key=lambda one: one[1].validation.value)
        names = ", ".join(member.fitted.family for member in together[:count])
        tell(f"blend of {names}: weighted F1 {blend.validation.value:.3f}")
        candidates.append(blend)
        ranked = _ranked(candidates)
    champion = min(_not_worse(ranked, validation, seed), key=lambda c: float(np.median(c.milliseconds)))
    others = [c for c in ranked if c is not champion and c.fitted.family != Blend.family]
    return candidates, [champion, *others[:1]]


def _together(members: Sequence[Candidate], validation: Examples, seed: int) -> Candidate:
    seconds = sum(member.fit_seconds for member in members)
    return _judged(Blend([member.fitted for member in members]), validation, seed, seconds)


def _ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted((c for c in candidates if c.fitted.family not in NO_RULE), key=lambda c: -c.validation.value)


def _not_worse(ranked: Sequence[Candidate], validation: Examples, seed: int) -> list[Candidate]:
    """The first, and those that it does not beat beyond chance."""
    best = ranked[0]
    truth = places(validation.labels, best.fitted.learner.classes)
    classes = len(best.fitted.learner.classes)
    return [c for c in ranked if c is best or measures.f1_gain(truth, best.guess, c.guess, classes, seed=seed).low <= 0]


def judge(candidate: Candidate, examples: Examples, *, seed: int) -> dict[str, Any]:
    """What a candidate is worth on the test part, and what it costs: plain values for a card."""
    test = examples.part("test")
    fitted = candidate.fitted
    classes, truth, given = lined_up(test.labels, fitted.learner.classes, fitted.probabilities(test.inputs))
    found = measures.classification(truth, given, classes, seed=seed)
    guess = given.argmax(axis=1)
    languages = test.languages.fill_null("unknown").to_numpy()
    seen = examples.part("train").labels
    rare = set(seen.value_counts(name="n").filter(pl.col("n") < TAIL * len(seen))[seen.name])
    tail = test.labels.is_in(list(rare)).to_numpy()
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain | {
        "per_language": {str(one): _share(truth, guess, languages == one) for one in np.unique(languages)},
        "tail": _share(truth, guess, tail),
        "fit_seconds": round(candidate.fit_seconds, 2),
        "milliseconds_p50": round(float(np.median(candidate.milliseconds)), 3),
        "milliseconds_p99": round(float(np.quantile(candidate.milliseconds, 0.99)), 3),
        "bytes": candidate.bytes,
        "calibration": msgspec.to_builtins(fitted.calibration),
    }


def _candidate(name: str, train: Examples, validation: Examples, seed: int, parameters: dict[str, Any]) -> Candidate:
    began = perf_counter()
    learner = families.fitting(name).fit(
        train.inputs, train.labels, validation.inputs, validation.labels, seed=seed, parameters=parameters
    )
    return _judged(learner, validation, seed, perf_counter() - began)


def _judged(learner: Answering, validation: Examples, seed: int, seconds: float) -> Candidate:
    raw = learner.predict_proba(validation.inputs)
    fitted = Calibrated(learner, calibrate(logs(raw), places(validation.labels, learner.classes)))
    classes, truth, given = lined_up(validation.labels, learner.classes, fitted.probabilities(validation.inputs))
    matrix = measures.confusion(truth, given.argmax(axis=1), len(classes))
    worth = measures.resampled(matrix, measures.weighted_f1, seed)
    return Candidate(fitted, raw.argmax(axis=1), worth, seconds, _single(fitted, validation.inputs), _size(learner))


def _single(fitted: Calibrated, inputs: Inputs) -> NDArray[np.float64]:
    """Milliseconds of each of some tickets, answered one by one."""
    took = []
    for place in range(min(SINGLES, len(inputs))):
        one = inputs.take(np.array([place]))
        began = perf_counter()
        fitted.probabilities(one)
        took.append((perf_counter() - began) * 1000)
    return np.array(took)


def _size(learner: Answering) -> int:
    with TemporaryDirectory() as folder:
        learner.save(Path(folder))
        total = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    return total


def _share(truth: NDArray[np.int64], guess: NDArray[np.int64], which: NDArray[np.bool_]) -> dict[str, Any]:
    rows = int(which.sum())
    return {"rows": rows, "accuracy": float((truth == guess)[which].mean()) if rows else None}


def _enough(*parts: Examples) -> None:
    rows = [len(part.inputs) for part in parts]
    kinds = parts[0].labels.n_unique()
    if sum(rows) < FEWEST_ROWS or min(rows) == 0 or kinds < 2:
        found = ", ".join(f"{count} {name}" for name, count in zip(PARTS, rows, strict=True))
        raise NothingToLearn(
            f"found {found} tickets with a label, {kinds} labels in the training part; "
            f"expected at least {FEWEST_ROWS} in all, some in each part, and 2 labels. Label more tickets."
        )
