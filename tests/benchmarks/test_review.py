"""The queue beside random picking, in small: clusters of unequal size whose borders are hard."""

import numpy as np
import pytest

from benchmarks.review import AT_MOST, Task, curve, needed
from ml.text.vectors import unit


def task(start=60, batch=40, steps=10):
    rng = np.random.default_rng(8)
    sizes = np.array([900, 700, 500, 300, 200, 120, 80, 60, 40, 30, 25, 20])
    middle = rng.normal(size=(len(sizes), 12))
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = unit((middle[labels] + rng.normal(scale=0.75, size=(len(labels), 12))).astype(np.float32))
    names = [f"label {label}" for label in labels]
    cut = len(names) * 3 // 4
    return Task("clusters", vectors[:cut], names[:cut], vectors[cut:], names[cut:], start, batch, steps)


def test_the_queue_reaches_random_picking_with_at_most_three_labels_in_five():
    made = task()
    shares = [needed(curve(made, seed, queue=False), curve(made, seed, queue=True), made) for seed in range(5)]

    assert np.mean(shares) <= AT_MOST, shares


@pytest.mark.parametrize(
    ("queued", "share"), [([0.1, 0.3, 0.5], 80 / 120), ([0.4, 0.4, 0.4], 40 / 120), ([0.1, 0.2, 0.2], float("inf"))]
)
def test_labels_needed_are_counted_where_the_curves_meet(queued, share):
    made = task(start=40, batch=40, steps=2)

    assert needed([0.1, 0.2, 0.3], queued, made) == pytest.approx(share)
