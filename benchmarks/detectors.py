"""What else gives counts a score: the simple detectors of dashboards, and an oracle that knows the true mean."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.outbreaks import Drawn
from ml.anomaly.counts import tails

Floats = NDArray[np.float64]
LAG, WINDOW = 2, 7
LEAST_DEVIATION, LEAST_OF_ROOTS = 1.0, 0.75
ALIKE = {"weekly": 52, "daily": 12}
"""Past steps of the same weekday. These and the least deviations are the best of some on draws of their own."""


def ears(drawn: Drawn) -> Floats:
    """EARS C2: deviations from the mean of seven steps, two before.

    Hutwagner et al., "The bioterrorism preparedness and response Early Aberration Reporting System" (2003).
    """
    counts = drawn.counts.astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(counts, WINDOW, axis=1)
    found = np.zeros(counts.shape)
    past = windows[:, : counts.shape[1] - WINDOW - LAG]
    deviation = np.maximum(past.std(axis=2, ddof=1), LEAST_DEVIATION)
    found[:, WINDOW + LAG :] = (counts[:, WINDOW + LAG :] - past.mean(axis=2)) / deviation
    return found


def robust(drawn: Drawn) -> Floats:
    """Deviations from the median of the same weekdays before, in units of their median absolute deviation.

    Of square roots, which makes the most of it: their spread hardly depends on the level (Anscombe, 1948).
    """
    weekly = len(drawn.times) < 500
    step, size = (1, ALIKE["weekly"]) if weekly else (7, ALIKE["daily"])
    roots = 2 * np.sqrt(drawn.counts + 3 / 8)
    found = np.zeros(roots.shape)
    for at in range(step * size, roots.shape[1]):
        past = roots[:, at - step * size : at : step]
        center = np.median(past, axis=1)
        deviation = 1.4826 * np.median(np.abs(past - center[:, None]), axis=1)
        found[:, at] = (roots[:, at] - center) / np.maximum(deviation, LEAST_OF_ROOTS)
    return found


def oracle(drawn: Drawn) -> Floats:
    """Minus log10 of the mid-p value of each count alone, by its true mean and dispersion."""
    at_least, more = tails(drawn.counts.astype(np.float64), drawn.mean, drawn.phi[:, None])
    found: Floats = -np.log10((at_least + more) / 2)
    return found
