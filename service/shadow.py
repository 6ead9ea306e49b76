"""Challengers that answer beside the champions, unseen: what they say is kept with the prediction, and shown nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ml.answers import answer
from ml.card import fits
from ml.classify.champion import Champion
from ml.classify.learner import Inputs
from ml.targets import TARGETS
from warehouse import pointers
from warehouse.artifacts import Artifact
from warehouse.errors import TicketlakeError
from warehouse.releases import Manifest

ASSET = "challengers/"


class Shadowed(msgspec.Struct, frozen=True):
    """What a challenger said of one target."""

    label: str
    confidence: float
    model: str


@dataclass(frozen=True)
class Shadow:
    """The newest challenger of each target that does not serve, and its digest."""

    champions: Mapping[str, Champion]
    digests: Mapping[str, str]

    @classmethod
    def load(
        cls, root: Path, manifest: Manifest, encoder: str, failed: Callable[[str, str, Exception], object]
    ) -> "Shadow | None":
        """Those that can be given vectors of this encoder; None where there is none. A damaged one is left out."""
        found: dict[str, Champion] = {}
        digests: dict[str, str] = {}
        for target in TARGETS:
            artifact = pointers.staged(root, f"{ASSET}{target.name}")
            if artifact is None or not _stands_beside(artifact, manifest) or not fits(artifact.card, encoder):
                continue
            try:
                found[target.name] = Champion.load(artifact.path)
            except TicketlakeError as error:
                failed(target.name, "shadow", error)
                continue
            digests[target.name] = artifact.digest
        return cls(found, digests) if found else None

    def answers(self, inputs: Inputs, failed: Callable[[str, str, Exception], object]) -> list[dict[str, Shadowed]]:
        """What each says of each ticket, by target."""
        said: list[dict[str, Shadowed]] = [{} for _ in range(len(inputs))]
        for name, given in answer(self.champions, inputs, failed).items():
            for row, place in enumerate(given.best):
                sure = float(given.probabilities[row, place])
                said[row][name] = Shadowed(given.classes[place], sure, self.digests[name])
        return said


def _stands_beside(artifact: Artifact, manifest: Manifest) -> bool:
    return artifact.digest != manifest.artifacts.get(artifact.name)
