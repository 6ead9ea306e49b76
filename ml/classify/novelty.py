"""One score for "fits no class": the sum of three z-scores of the kernel machine's view of a ticket.

Its greatest score (the energy of Liu et al., 2020, at low temperature), its lead over the second (do the classes
disagree?), and the similarity to the nearest neighbours of that class (Sun et al., 2022). The threshold is learned
from classes that are held out, each of which is new to a machine fitted on the others.
"""

from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.kernel import KernelMachine
from ml.classify.learner import Inputs
from warehouse.errors import ContractBroken

FORMAT = 1
DRAWS = 2
HELD_OUT = 0.2
FIT_ROWS = 5_000
FEWEST_CLASSES = 5
KEPT = 0.95
"""Share of the known that the threshold lets pass where there are too few classes to hold any out."""
Scores = NDArray[np.float64]


class Novelty(msgspec.Struct, frozen=True):
    """Means and deviations of the signals on tickets of known classes, and from which score a ticket is new."""

    means: list[float]
    deviations: list[float]
    threshold: float

    @classmethod
    def fit(
        cls,
        machine: KernelMachine,
        train: Inputs,
        labels: pl.Series,
        validation: Inputs,
        *,
        seed: int,
    ) -> Self:
        """Normalise on `validation`, which the machine was not fitted on; hold classes of `train` out."""
        known = _signals(*machine.neighbours(validation))
        normal = cls(known.mean(axis=0).tolist(), np.maximum(known.std(axis=0), 1e-6).tolist(), 0.0)
        usual = float(np.quantile(normal._sum(known), KEPT))
        found = [_threshold(machine, train, labels, seed + draw) for draw in range(DRAWS)]
        thresholds = [value for value in found if value is not None]
        return cls(normal.means, normal.deviations, float(np.mean(thresholds)) if thresholds else usual)

    def score(self, machine: KernelMachine, inputs: Inputs) -> Scores:
        """One number a ticket, (n): about 0 for what is known, above `threshold` for what fits no class."""
        return self.judge(machine, inputs)[0]

    def judge(self, machine: KernelMachine, inputs: Inputs) -> tuple[Scores, Scores]:
        """The same with the machine's scores of the classes, (n) and (n, classes)."""
        classes, near = machine.neighbours(inputs)
        return self._sum(_signals(classes, near)), classes

    def save(self, path: Path) -> None:
        """Write JSON."""
        path.write_bytes(msgspec.json.encode({"format": FORMAT, "novelty": self}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        found = msgspec.json.decode(path.read_bytes())
        if found.get("format") != FORMAT:
            raise ContractBroken(f"{path}: expected format {FORMAT}, found {found.get('format')}. Build it again.")
        return msgspec.convert(found["novelty"], cls)

    def _sum(self, signals: Scores) -> Scores:
        total: Scores = -((signals - np.array(self.means)) / np.array(self.deviations)).mean(axis=1)
        return total


def _signals(scores: Scores, near: Scores) -> Scores:
    """What is high for the known: greatest score, lead over the second, similarity to the class, (n, 3)."""
    ordered = np.sort(scores, axis=1)
    second = ordered[:, -2] if scores.shape[1] > 1 else np.full(len(scores), -1.0)
    return np.column_stack([ordered[:, -1], ordered[:, -1] - second, near])


def _threshold(machine: KernelMachine, train: Inputs, labels: pl.Series, seed: int) -> float | None:
    """The score that parts held-out classes from the others best (Youden, 1950); None for too few classes."""
    names = sorted(labels.unique())
    if len(names) < FEWEST_CLASSES:
        return None
    rng = np.random.default_rng(seed)
    new = labels.is_in(rng.choice(names, max(1, round(HELD_OUT * len(names))), replace=False).tolist()).to_numpy()
    order = rng.permutation(len(labels))[:FIT_ROWS]
    border = int(0.8 * len(order))
    fitted, judged = order[:border][~new[order[:border]]], order[border:]
    if labels.gather(fitted).n_unique() < 2 or not new[judged].any() or new[judged].all():
        return None
    other = machine.refit(train.take(fitted), labels.gather(fitted), seed=seed)
    signals, strange = _signals(*other.neighbours(train.take(judged))), new[judged]
    usual = signals[~strange]
    scores = Novelty(usual.mean(axis=0).tolist(), np.maximum(usual.std(axis=0), 1e-6).tolist(), 0.0)._sum(signals)
    steps = np.quantile(scores, np.linspace(0.5, 0.995, 100))
    gains = [(scores[strange] > step).mean() - (scores[~strange] > step).mean() for step in steps]
    return float(steps[int(np.argmax(gains))])
