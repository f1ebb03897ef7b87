import numpy as np
import pytest

from lab.views.ranges import Growing, ceiling, symmetric


@pytest.mark.parametrize(
    ("value", "expected"), [(1.0, 1.0), (1.01, 1.5), (14_000, 15_000), (0.0042, 0.005), (7, 8)]
)
def test_ceiling_is_the_next_round_number(value, expected):
    assert ceiling(value) == pytest.approx(expected)


def test_a_logarithmic_range_grows_by_decades_and_never_shrinks():
    span = Growing(log=True)
    span.see([0.5, 0.02])
    assert span.bounds == (0.01, 1.0)
    span.see([3e-5])
    assert span.bounds == pytest.approx((1e-5, 1.0))
    span.see([0.1])
    assert span.bounds == pytest.approx((1e-5, 1.0))


def test_a_linear_range_from_zero_keeps_its_floor():
    steps = Growing(floor=0.0, least=100)
    assert steps.bounds == (0.0, 100.0)
    steps.see([318])
    assert steps.bounds == (0.0, 400.0)


def test_what_cannot_be_drawn_is_ignored():
    span = Growing(log=True)
    assert not span.see([0.0, -1.0, np.nan, np.inf])
    assert span.see([10.0])


def test_linear_ranges_hold_what_was_seen():
    span = Growing()
    span.see([-3.2, 7.7])
    low, high = span.bounds
    assert low <= -3.2 and high >= 7.7 and high - low < 16


def test_a_single_value_has_a_range_around_it():
    span = Growing()
    span.see([5.0])
    low, high = span.bounds
    assert low < 5.0 <= high or low <= 5.0 < high


def test_a_scale_through_zero_is_not_led_by_one_outlier():
    values = np.append(np.linspace(-1, 1, 10_000), 1e6)
    assert symmetric(values) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("most", "least", "half"), [(0.9, 0.5, 1.0), (0.9, 2.0, 2.0), (3.0, 2.0, 3.0), (0.0, 2.0, 2.0)]
)
def test_a_scale_through_zero_only_grows(most, least, half):
    values = most * np.append(np.ones(200), 1e3)
    assert symmetric(values, least=least) == pytest.approx(half)


def test_a_scale_through_zero_is_one_where_there_is_nothing():
    assert symmetric([0.0, np.nan]) == 1.0


def test_what_grows_gets_its_first_decade_above_it():
    cost = Growing(log=True, least=1, up=True)
    cost.see([1.0])
    assert cost.bounds == (1.0, 10.0)
    cost.see([30.0])
    assert cost.bounds == (1.0, 100.0)
