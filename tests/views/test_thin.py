import numpy as np

from lab.views.thin import POINTS, keep


def test_short_curves_stay_whole():
    assert len(keep(np.arange(50), np.ones(50))) == 50


def test_long_curves_are_bounded_and_keep_spikes_and_ends():
    x = np.arange(50_000.0)
    y = np.sin(x / 900)
    y[31_337], y[77] = 9.0, -9.0
    for log in (False, True):
        kept = keep(x, y, log)
        assert len(kept) <= POINTS
        assert {0, 77, 31_337, 49_999} <= set(kept)
        assert (np.diff(kept) > 0).all()


def test_gaps_do_not_disturb_the_extremes():
    x, y = np.arange(10_000.0), np.full(10_000, np.nan)
    y[5_000] = 1.0
    assert 5_000 in keep(x, y)
