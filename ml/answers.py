"""What the champions say of tickets: one answer a target, the parts of a hierarchy agreeing; for batch and service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.classify.calibrated import Calibrated
from ml.classify.champion import Champion
from ml.classify.hierarchy import within
from ml.classify.learner import Inputs, Probabilities
from ml.targets import TARGETS


@dataclass(frozen=True)
class Given:
    """The answers of one target for n tickets."""

    member: Calibrated
    """Who answered."""
    fallback: bool
    """Whether the champion failed, and the one after it answered."""
    classes: list[str]
    probabilities: Probabilities

    @property
    def best(self) -> NDArray[np.int64]:
        """The place of the likeliest class of each ticket."""
        found: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return found


def answer(
    champions: Mapping[str, Champion], inputs: Inputs, failed: Callable[[str, str, Exception], object]
) -> dict[str, Given]:
    """The answers of every target that has a champion; `failed` hears of a family that could not, and why."""
    found: dict[str, Given] = {}
    for target in TARGETS:
        if target.name in champions:
            above = found.get(target.within) if target.within else None
            given = answer_one(champions[target.name], inputs, above, failed)
            if given is not None:
                found[target.name] = given
    return found


def answer_one(
    champion: Champion, inputs: Inputs, above: Given | None, failed: Callable[[str, str, Exception], object]
) -> Given | None:
    """The first member that answers; None where none does. Labels that lie within others agree with those `above`."""
    for place, member in enumerate(champion.members):
        try:
            own = member.probabilities(inputs)
        except Exception as error:  # whatever a library raises: the next family answers, and the answer says so
            failed(champion.target, member.family, error)
            continue
        classes = member.learner.classes
        if above is not None and champion.under:
            own = within(above.probabilities, above.classes, own, classes, champion.under)
        return Given(member, place > 0, classes, own)
    return None
