"""The classifiers on anyone's labelled texts: fitted and chosen on the training part alone, judged on the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.kernel import KernelMachine
from ml.classify.labels import lined_up, places
from ml.classify.learner import Inputs, Probabilities
from ml.classify.novelty import Novelty
from ml.evaluate import measures
from ml.evaluate.budget import Budget, Outcome
from ml.evaluate.compare import BASELINE, Fitted, Split, again, blended, fit_all, worth
from ml.evaluate.labelled import Labelled, hold_out
from ml.text.encoder import Encoder, Vectors
from warehouse.errors import NothingToLearn

VALIDATION = 0.15
PROBE = 400
"""Texts encoded first, to see how many the budget allows."""
ENCODING_SHARE = 0.35
"""Of the budget, what encoding the training texts may take; beyond, a sample of them is learned from."""
SINGLES = 30
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Found:
    """What `classify` found: the report, and one row per test (and out-of-scope) text."""

    report: dict[str, Any]
    predictions: pl.DataFrame


def classify(
    train: Labelled,
    test: Labelled,
    strange: Labelled | None,
    encoder: Encoder,
    *,
    names: Sequence[str],
    budget: Budget,
    seed: int,
    tell: Tell,
) -> Found:
    """Compare the families `names` on `train`, answer `test` with the best, and score how new each text is.

    `strange` are texts of no class. Raises `NothingToLearn` for fewer than two classes.
    """
    if train.labels.n_unique() < 2:
        found = f"{len(train)} texts of {train.labels.n_unique()} class"
        raise NothingToLearn(f"found {found} to learn from, expected at least 2 classes. Add labelled texts.")
    train, vectors, rate = _encoded(train, encoder, budget, seed, tell)
    rest = len(test) + (len(strange) if strange else 0)
    split = Split(_inputs(train, vectors), train.labels, *hold_out(train.labels, VALIDATION, seed))
    reserve = 0.05 * budget.seconds + 1.5 * rest / rate
    fitted, outcomes = fit_all(split, names, budget, reserve=reserve, seed=seed, tell=tell)
    if not fitted:
        raise NothingToLearn(f"no family was fitted within {budget.seconds:.0f} s. Give more with --budget-minutes.")
    best = max(fitted.values(), key=lambda one: (one.validation, -one.seconds))
    blend = blended(list(fitted.values()), split)
    if blend is not None:
        fitted[blend.family] = blend
        outcomes[blend.family] = Outcome(None, "fitted", 0.0)
        together = " + ".join(one.family for one in blend.members)
        tell(f"blend of {together}: {blend.validation:.4f} right on validation")
        best = blend if blend.validation >= best.validation else best
    novelty, machine = _novelty(fitted, split, budget, reserve, seed)
    champion, whole = again(best, split, budget, reserve=reserve, seed=seed)
    if novelty is not None:
        whole_machines = [
            one.learner for one in (champion, *champion.members) if isinstance(one.learner, KernelMachine)
        ]
        machine = whole_machines[0] if whole_machines else machine
    else:
        tell("novelty: no kernel_svm was fitted, so it is 1 - confidence, with no threshold")
    tell(f"champion {champion.family}, fitted on {'all' if whole else '85 % of the'} training texts; predicting")
    seconds = sum(outcome.seconds for outcome in outcomes.values()) + (champion.seconds if whole else 0.0)
    inputs = _inputs(test, encoder.encode(test.texts.to_list()))
    given = champion.probabilities(inputs)
    scores = _scores(novelty, machine, champion, inputs)
    report: dict[str, Any] = {"champion": champion.family}
    report |= worth(test.labels, champion.learner.classes, given)
    rows = [_rows(test, champion, given, scores)]
    report["oos_auroc"] = None
    if strange is not None and len(strange):
        others = _inputs(strange, encoder.encode(strange.texts.to_list()))
        new = _scores(novelty, machine, champion, others)
        report["oos_auroc"] = auroc(scores, new)
        rows.append(_rows(strange, champion, champion.probabilities(others), new))
    report["fit_seconds"] = round(seconds, 2)
    report["ms_per_ticket"] = round(_milliseconds(test, encoder, champion), 3)
    judged = {name: one.probabilities(inputs) for name, one in fitted.items()}
    report["learners"] = {
        name: _learner(outcome, fitted.get(name), judged.get(name), test.labels) for name, outcome in outcomes.items()
    }
    report["details"] = {
        "members": [one.family for one in champion.members],
        "fitted_on_all": whole,
        "novelty": "kernel machine, calibrated on held-out classes" if novelty else "1 - confidence",
        "novelty_threshold": novelty.threshold if novelty else None,
        **_intervals(test.labels, champion, given, seed),
        **_gain(test.labels, fitted, judged, best, seed),
    }
    return Found(report, pl.concat(rows))


def auroc(known: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """The chance that something new has the higher score; ties count half (Mann and Whitney, 1947)."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(new, known).statistic / (len(new) * len(known)))


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Exact two-sided p-value that two classifiers are right equally often on the same texts (McNemar, 1947)."""
    from scipy.stats import binomtest

    only, against = int((one & ~other).sum()), int((other & ~one).sum())
    return float(binomtest(only, only + against).pvalue) if only + against else 1.0


def _encoded(
    train: Labelled, encoder: Encoder, budget: Budget, seed: int, tell: Tell
) -> tuple[Labelled, Vectors, float]:
    """The training texts that the budget allows, their vectors, and texts encoded a second."""
    order = np.random.default_rng(seed).permutation(len(train))
    encoder.encode(["warm up"])
    began = perf_counter()
    first = encoder.encode(train.texts.gather(order[:PROBE]).to_list())
    rate = min(len(train), PROBE) / max(perf_counter() - began, 1e-3)
    most = max(PROBE, int(rate * ENCODING_SHARE * max(budget.left, 0.0)))
    if most < len(train):
        tell(f"{len(train)} texts would take {len(train) / rate:.0f} s to encode: a sample of {most} is learned from")
    order = order[:most]
    vectors = np.concatenate([first, encoder.encode(train.texts.gather(order[PROBE:]).to_list())])
    back = np.argsort(order)
    tell(f"{len(order)} training texts encoded, {budget.used:.0f} s used")
    kept = train.take(order[back])
    if kept.labels.n_unique() < 2:
        raise NothingToLearn("the sample that the budget allows is of one class. Give more with --budget-minutes.")
    return kept, vectors[back], rate


def _inputs(texts: Labelled, vectors: Vectors) -> Inputs:
    return Inputs(texts.texts, vectors, pl.DataFrame(height=len(texts)))


def _novelty(
    fitted: dict[str, Fitted], split: Split, budget: Budget, reserve: float, seed: int
) -> tuple[Novelty | None, KernelMachine | None]:
    """The score calibrated on held-out classes; None where no kernel machine was fitted."""
    found = fitted.get(KernelMachine.family)
    if found is None or not isinstance(found.learner, KernelMachine) or budget.left < reserve + found.seconds:
        return None, None
    train = split.inputs.take(split.train)
    held = split.inputs.take(split.validation)
    return Novelty.fit(found.learner, train, split.labels.gather(split.train), held, seed=seed), found.learner


def _scores(
    novelty: Novelty | None, machine: KernelMachine | None, champion: Fitted, inputs: Inputs
) -> NDArray[np.float64]:
    """How new each text is; where there is no such score, how unsure the champion is."""
    if novelty is not None and machine is not None:
        return novelty.score(machine, inputs)
    unsure: NDArray[np.float64] = 1 - champion.probabilities(inputs).max(axis=1)
    return unsure


def _rows(texts: Labelled, champion: Fitted, given: Probabilities, novelty: NDArray[np.float64]) -> pl.DataFrame:
    names = [champion.learner.classes[place] for place in given.argmax(axis=1)]
    return pl.DataFrame(
        {"id": texts.ids, "label": names, "confidence": given.max(axis=1), "novelty": novelty},
        schema={"id": pl.String, "label": pl.String, "confidence": pl.Float64, "novelty": pl.Float64},
    )


def _milliseconds(test: Labelled, encoder: Encoder, champion: Fitted) -> float:
    """Median time to encode and answer one text by itself."""
    took = []
    for place in range(min(SINGLES, len(test))):
        one = test.take(np.array([place]))
        began = perf_counter()
        champion.probabilities(_inputs(one, encoder.encode(one.texts.to_list())))
        took.append((perf_counter() - began) * 1000)
    return float(np.median(took))


def _learner(outcome: Outcome, fitted: Fitted | None, given: Probabilities | None, labels: pl.Series) -> dict[str, Any]:
    """What a family is worth on the test part, fitted without the validation part; nothing where it was skipped."""
    base: dict[str, Any] = {"accuracy": None, "weighted_f1": None, "fit_seconds": round(outcome.seconds, 2)}
    if fitted is None or given is None:
        return base | {"status": outcome.status}
    found = worth(labels, fitted.learner.classes, given)
    found |= {"fit_seconds": base["fit_seconds"], "validation_accuracy": fitted.validation}
    return {**{name: found[name] for name in (*base, "validation_accuracy", "ece")}, "status": outcome.status}


def _intervals(labels: pl.Series, champion: Fitted, given: Probabilities, seed: int) -> dict[str, Any]:
    every, truth, padded = lined_up(labels, champion.learner.classes, given)
    matrix = measures.confusion(truth, padded.argmax(axis=1), len(every))
    found = {"accuracy": measures.accuracy, "weighted_f1": measures.weighted_f1}
    drawn = {name: measures.resampled(matrix, measure, seed) for name, measure in found.items()}
    return {f"{name}_interval": [interval.low, interval.high] for name, interval in drawn.items()}


def _gain(
    labels: pl.Series, fitted: dict[str, Fitted], judged: dict[str, Probabilities], best: Fitted, seed: int
) -> dict[str, Any]:
    """The champion's family against the baseline, both fitted on the same texts: paired bootstrap and McNemar."""
    if BASELINE not in fitted or best.family == BASELINE:
        return {}
    classes = sorted(labels.unique())
    truth = places(labels, classes)
    guess, base = (
        places(pl.Series([fitted[name].learner.classes[at] for at in judged[name].argmax(axis=1)]), classes)
        for name in (best.family, BASELINE)
    )
    gain = measures.accuracy_gain(truth, guess, base, seed=seed)
    p_value = mcnemar(guess == truth, base == truth)
    found = {"over": BASELINE, "accuracy": gain.value, "low": gain.low, "high": gain.high, "p_value": p_value}
    return {"gain": found}
