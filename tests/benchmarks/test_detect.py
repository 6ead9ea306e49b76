"""The measurement of detection, on few series."""

import numpy as np
import pytest

from benchmarks import detect
from benchmarks.outbreaks import RHYTHMS, draw


@pytest.mark.parametrize("frequency", ["weekly", "daily"])
def test_a_draw_is_what_it_says(frequency):
    drawn, rhythm = draw(frequency, 84, seed=1), RHYTHMS[frequency]
    assert drawn.counts.shape == (84, rhythm.steps)
    assert len(drawn.truth) == 56
    assert drawn.truth["start"].min() >= drawn.times[drawn.judged]
    quiet = drawn.phi < 1.05
    assert np.abs(drawn.counts[quiet].mean() / drawn.mean[quiet].mean() - 1) < 0.1
    assert (draw(frequency, 84, seed=1).counts == drawn.counts).all()
    assert (draw(frequency, 84, seed=2).counts != drawn.counts).any()


def test_every_method_is_measured_at_the_same_rate_of_false_alarms():
    draws = [detect.told("weekly", 42, seed=5)]
    shares = {method: detect.detected(draws[0], method).mean() for method in detect.NOMINAL}
    assert shares[detect.OURS] > shares["EARS C2"]
    assert shares[detect.ORACLE] > shares["EARS C2"]
    more, low, high = detect.gain(draws)
    assert more == pytest.approx(shares[detect.OURS] - shares[detect.ORACLE])
    assert low < more < high
    written = detect.report("weekly", draws)
    assert all(f"| {method} |" in written for method in detect.NOMINAL)


def test_scanning_is_timed():
    assert "newest day of 40 series" in detect.speed(40, weeks=2, asked=3)
