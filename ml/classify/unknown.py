"""Whether a ticket fits any category at all, and which lie nearest: a small kernel machine with a novelty score."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import polars as pl

from ml.classify.kernel import CHOICES, KernelMachine
from ml.classify.learner import Inputs
from ml.classify.novelty import KEPT, Novelty

LANDMARKS = 1_500
NEAREST = 3


class Strange(msgspec.Struct, frozen=True):
    """How far a ticket is from what was learned; `unknown` from the threshold on."""

    unknown: bool
    score: float
    threshold: float
    nearest: list[str]


@dataclass(frozen=True)
class Unknown:
    """Fitted beside the champion of the categories."""

    machine: KernelMachine
    novelty: Novelty

    @classmethod
    def fit(
        cls, train: Inputs, labels: pl.Series, validation: Inputs, validation_labels: pl.Series, *, seed: int
    ) -> Self:
        """The threshold parts held-out classes best, but lets through at least `KEPT` of the validation part."""
        # Pieces of words are in nearly every text: they cost most of the time, and hardly tell a strange one.
        small = {**CHOICES[0], "pieces": 0.0, "most": LANDMARKS, "sample": LANDMARKS}
        machine = KernelMachine.fit(train, labels, validation, validation_labels, seed=seed, parameters=small)
        novelty = Novelty.fit(machine, train, labels, validation, seed=seed)
        usual = float(np.quantile(novelty.score(machine, validation), KEPT))
        return cls(machine, msgspec.structs.replace(novelty, threshold=max(novelty.threshold, usual)))

    def judge(self, inputs: Inputs) -> list[Strange]:
        """One verdict a ticket."""
        scores, classes = self.novelty.judge(self.machine, inputs)
        order = np.argsort(-classes, axis=1, kind="stable")[:, :NEAREST]
        at = self.novelty.threshold
        return [
            Strange(bool(score >= at), float(score), at, [self.machine.classes[place] for place in near])
            for score, near in zip(scores, order, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the machine and `novelty.json`."""
        self.machine.save(folder)
        self.novelty.save(folder / "novelty.json")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        return cls(KernelMachine.load(folder), Novelty.load(folder / "novelty.json"))
