"""The verdict, by one stated rule.

Skill is what a model gets right of what the majority class gets wrong: (accuracy - majority) / (1 - majority).

1. `nothing to learn`: under the time split or under the customer split the model tells no more than chance
   (permutation test, p > .005), or neither split can be made.
2. `solved by template`: at least half of the newest tickets are worded like one of training, the model has a skill of
   .05 or more on them, and on templates that it has not seen it keeps less than half of that skill, or none beyond
   chance (95 % bounds of the gain over the majority class, whole templates drawn anew, reach 0).
3. `learnable`: a skill of .10 or more under every split that could be made.
4. `weak`: what is left: more than chance, but little.
"""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["learnable", "weak", "nothing to learn", "solved by template"]
NOTHING: Verdict = "nothing to learn"
CHANCE = 0.005
SHARED_TEMPLATES = 0.5
TEMPLATE_SKILL = 0.05
KEPT = 0.5
LEARNABLE_SKILL = 0.10


@dataclass(frozen=True)
class Judged:
    """What the best simple model did under one split."""

    rows: int
    accuracy: float
    majority: float
    p_value: float
    low: float
    high: float
    """95 % bounds of accuracy - majority."""

    @property
    def skill(self) -> float:
        """The share of the majority's errors that the model mends."""
        return (self.accuracy - self.majority) / max(1 - self.majority, 1e-9)


def verdict(
    time: Judged | None, customers: Judged | None, unseen: Judged | None, *, shared_templates: float
) -> tuple[Verdict, str]:
    """The verdict and the reason for it; None stands for a split that the data do not allow."""
    made = {"time split": time, "customer split": customers}
    judged = {name: split for name, split in made.items() if split is not None}
    for name, split in judged.items():
        if split.p_value > CHANCE:
            return NOTHING, f"{name}: no better than permuted labels (p = {split.p_value:.3f})"
    if time is None or not judged:
        return NOTHING, "too few labelled tickets, or all of one moment"
    by_template = shared_templates >= SHARED_TEMPLATES and time.skill >= TEMPLATE_SKILL
    if unseen is not None and by_template and (unseen.low <= 0 or unseen.skill < KEPT * time.skill):
        return "solved by template", (
            f"{shared_templates:.0%} of the newest tickets are worded like older ones; accuracy falls from "
            f"{time.accuracy:.3f} to {unseen.accuracy:.3f} on unseen templates"
        )
    splits = [split for split in (time, customers, unseen) if split is not None]
    least = min(split.skill for split in splits)
    says = f"the model mends {least:.0%} of the majority's errors under the hardest split"
    return ("learnable" if least >= LEARNABLE_SKILL else "weak"), says
