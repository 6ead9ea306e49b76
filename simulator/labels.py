"""What agents record: mostly the truth, sometimes what the ticket merely sounds like."""

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import Catalogue
from simulator.posterior import Beliefs
from simulator.said import Facts, pick
from simulator.tables import PRIORITIES, SENTIMENTS
from simulator.world import Ints

WRONG_SUBCATEGORY = 0.058
WRONG_PRIORITY = 0.055
WRONG_SENTIMENT = 0.055


@dataclass(frozen=True)
class Recorded:
    """Row per ticket; a matter that no label covers gets some label all the same."""

    subcategory: Ints
    priority: Ints
    sentiment: Ints


def record(facts: Facts, beliefs: Beliefs, catalogue: Catalogue, rng: np.random.Generator) -> Recorded:
    """Draw recorded labels. A wrong subcategory is one that the text suggests, or (one in three) any other."""
    count, labels = len(facts), len(catalogue.subcategories)
    truth = catalogue.subcategory_of[facts.cause]
    rows = np.arange(count)
    sounds = beliefs.subcategory_text[:, :labels].copy()
    sounds = 0.67 * sounds / np.maximum(sounds.sum(axis=1, keepdims=True), 1e-9) + 0.33 / labels
    known = truth < labels
    sounds[rows[known], truth[known]] = 0.0
    wrong = pick(sounds, rng)
    subcategory = np.where((rng.random(count) < WRONG_SUBCATEGORY) | ~known, wrong, truth)

    step = np.where(rng.random(count) < 0.5, -1, 1)
    beside = np.clip(facts.priority + step, 0, len(PRIORITIES) - 1)
    beside = np.where(beside == facts.priority, facts.priority - step, beside)
    other = (facts.sentiment + rng.integers(1, len(SENTIMENTS), count)) % len(SENTIMENTS)
    return Recorded(
        subcategory=subcategory,
        priority=np.where(rng.random(count) < WRONG_PRIORITY, beside, facts.priority),
        sentiment=np.where(rng.random(count) < WRONG_SENTIMENT, other, facts.sentiment),
    )
