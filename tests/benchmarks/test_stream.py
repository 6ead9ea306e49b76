"""The measurement of detection as tickets come, on little."""

import numpy as np

from benchmarks import stream


def test_an_office_is_open_on_weekdays():
    share = stream.season(np.arange(7 * 24))
    assert abs(share.mean() - 1) < 1e-9
    assert share[24 + 10] > 10 * share[5 * 24 + 3]


def test_tickets_are_heard_and_timed():
    rate, processor, grown = stream.heard(300, 1, 50)
    assert float(rate.replace(",", "")) > 0
    assert float(processor.replace(",", "")) > 0
    assert grown.endswith(" MB")


def test_hourly_series_are_judged_beside_an_oracle():
    assert "outbreaks | 8 in 8 series" in stream.hourly(8, 4)
