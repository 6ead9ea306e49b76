"""A challenger asked the same tickets as the champion, and what the gate makes of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.answers import answer_one
from ml.classify.champion import Champion
from ml.classify.learner import Inputs, Places
from ml.duration import ResolutionTime, durations
from ml.learning import checks, gate
from ml.learning.gate import Comparison, Verdict
from ml.targets import Target
from ml.understand import Past
from warehouse.errors import ContractBroken

OTHERWISE = ("text", "sentence vectors")
"""What cards call features and no column is."""
M = TypeVar("M", Champion, ResolutionTime)
Answers = Callable[[Inputs], pl.Series]


@dataclass(frozen=True)
class Model(Generic[M]):
    """A model with its card."""

    model: M
    card: Mapping[str, Any]

    @property
    def test_from(self) -> datetime:
        """It was not trained or chosen on what was opened since."""
        return datetime.fromisoformat(self.card["split"]["test_from"])


@dataclass(frozen=True)
class Judged:
    """What was compared, and the verdict."""

    verdict: Verdict
    newest: Comparison | None = None
    frozen: Comparison | None = None


@dataclass(frozen=True)
class Bench:
    """What judges: the tickets, those that are frozen (`ticket_id`, `label` of one target), and what leaks."""

    past: Past
    frozen: pl.DataFrame
    afterwards: Collection[str]
    seed: int

    def newest(self, places: Places, *models: Model[Any] | None) -> Places:
        """Of these places those that none of the models learned from or was chosen by, and that are not frozen."""
        since = max(one.test_from for one in models if one is not None)
        rows = self.past.rows[places]
        used = [*self.past.taught, *self.frozen["ticket_id"]]
        new = (pl.col("created_at") >= since) & ~pl.col("ticket_id").is_in(used)
        chosen: Places = places[rows.select(new.alias("new"))["new"].to_numpy()]
        return chosen

    def kept(self, places: Places, labels: pl.Series, *models: Model[Any] | None) -> NDArray[np.bool_]:
        """Which of them are frozen, are called as they were then, and are new to models from before the freezing."""
        rows = self.past.rows[places].select("ticket_id", "created_at").with_columns(now=labels)
        held = rows.join(self.frozen.select("ticket_id", "label"), on="ticket_id", how="left", maintain_order="left")
        judged = (pl.col("label") == pl.col("now")).fill_null(value=False)
        older = [one.test_from for one in models if one is not None and "learning/regression" not in one.card["inputs"]]
        if older:
            judged &= pl.col("created_at") >= max(older)
        return held.select(judged.alias("kept"))["kept"].to_numpy()

    def groups(self, places: Places) -> pl.DataFrame:
        """Language and tier of each, as far as they are known."""
        rows = self.past.rows
        return rows[places].select([name for name in gate.GROUPS if name in rows.columns])

    def leaks(self, card: Mapping[str, Any]) -> list[str]:
        """The fault that it was given what is known only afterwards."""
        fault = checks.leaks([name for name in card["features"] if name not in OTHERWISE], self.afterwards)
        return [fault] if fault else []


def judge_labels(
    bench: Bench, target: Target, challenger: Model[Champion], champion: Model[Champion] | None, above: Champion | None
) -> Judged:
    """Labels are compared as they are served: those that lie within others agree with what `above` answers.

    Without a champion, with the label that is most frequent; a first model serves unless something is wrong with it.
    """
    past, seed = bench.past, bench.seed
    places, labels = past.labelled(target)
    usual = _usual(labels.filter(past.parts.gather(places) == "train"))
    one = _answers(challenger.model, above)
    other = _answers(champion.model, above) if champion else lambda given: pl.Series([usual] * len(given))

    def compare(which: Places) -> Comparison | None:
        if not len(which):
            return None
        given, truth = past.inputs.take(places[which]), labels.gather(which)
        return gate.compare(truth, one(given), other(given), bench.groups(places[which]), seed=seed)

    new = np.flatnonzero(np.isin(places, bench.newest(places, challenger, champion)))
    held = np.flatnonzero(bench.kept(places, labels, challenger, champion))
    newest, frozen = compare(new), compare(held)
    faults = bench.leaks(challenger.card)
    if champion is None:
        guessing = None
        if newest is not None:
            said = one(past.inputs.take(places[new]))
            guessing = checks.no_better_than_guessing(labels.gather(new), said, seed=seed)
        return Judged(_first(faults, newest, guessing), newest, frozen)
    languages = past.rows["language"].gather(places[np.concatenate([new, held])])
    found = [checks.left_out(challenger.card.get("languages", {}), champion.card.get("languages", {}), languages)]
    if newest is not None:
        given, truth = past.inputs.take(places[new]), labels.gather(new)
        said = one(given)
        found.append(checks.no_better_than_guessing(truth, said, seed=seed))
        found.append(checks.hangs_on_one(one, given, truth, other(given), newest.gain.value, seed=seed))
    faults += [fault for fault in found if fault]
    return Judged(gate.verdict(newest, frozen, faults), newest, frozen)


def judge_hours(bench: Bench, challenger: Model[ResolutionTime], champion: Model[ResolutionTime] | None) -> Judged:
    """Estimates of hours are compared by how far the middle one misses closed tickets, as a factor."""
    past, faults = bench.past, bench.leaks(challenger.card)
    if champion is None:
        return Judged(_first(faults, None))
    known = durations(past.rows, past.now)
    closed = np.flatnonzero(~known.open)

    def missed(model: Model[ResolutionTime], places: Places) -> NDArray[np.float64]:
        middle = model.model.predict(past.inputs.take(places))["p50"].to_numpy()
        found: NDArray[np.float64] = np.abs(np.log(middle) - np.log(known.hours[places]))
        return found

    def compare(places: Places) -> Comparison | None:
        if not len(places):
            return None
        misses = missed(challenger, places), missed(champion, places)
        return gate.compare_misses(*misses, bench.groups(places), seed=bench.seed)

    held = past.rows["ticket_id"].is_in(bench.frozen["ticket_id"].implode()).to_numpy()
    newest = compare(bench.newest(closed, challenger, champion))
    frozen = compare(closed[held[closed]])
    return Judged(gate.verdict(newest, frozen, faults), newest, frozen)


def _first(faults: list[str], newest: Comparison | None, guessing: str | None = None) -> Verdict:
    """A first model takes nobody's place: it serves, whatever it is worth, unless something is wrong with it."""
    if faults:
        return Verdict(False, faults)
    told = ["it is the first model: there is no other to ask"]
    if newest is not None:
        one, other = newest.challenger.value, newest.champion.value
        told.append(f"macro F1 {one:.3f}, always the most frequent label {other:.3f}, {newest.rows} tickets")
    return Verdict(True, told + ([guessing] if guessing else []))


def _answers(champion: Champion, above: Champion | None) -> Answers:
    def answers(inputs: Inputs) -> pl.Series:
        outer = answer_one(above, inputs, None, _raised) if above is not None else None
        given = answer_one(champion, inputs, outer, _raised)
        if given is None:
            raise ContractBroken(f"{champion.target}: the model has no family that could answer. Train it again.")
        return pl.Series(given.classes, dtype=pl.String).gather(given.best)

    return answers


def _usual(labels: pl.Series) -> str:
    return str(labels.mode().sort().first())


def _raised(target: str, family: str, error: Exception) -> None:
    """A model that cannot answer is not judged by another's answers."""
    raise error
