import numpy as np
import pytest

from lab.engine.schedule import next_record
from lab.views.fit import power_text, slope


def recorded(last):
    k, found = 0, [0]
    while k < last:
        k = next_record(k)
        found.append(k)
    return np.array(found, dtype=float) + 1


@pytest.mark.parametrize("power", [-2.0, -1.0, -0.5, 0.3])
def test_a_power_law_is_found_on_the_recording_schedule(power):
    x = recorded(5_000)
    fitted = slope(x, 3 * x**power)
    assert fitted.value == pytest.approx(power, abs=1e-9)
    assert fitted.low >= x[-1] / 16 and fitted.high == x[-1]


def test_an_oscillation_does_not_tilt_the_slope():
    x = recorded(4_000)
    fitted = slope(x, np.abs(np.sin(0.19 * x)) / x + 1e-6 / x)
    assert fitted.value == pytest.approx(-1.0, abs=0.15)


def test_too_little_is_no_slope():
    assert slope([1, 2, 3], [1, 0.5, 0.3]) is None
    assert slope(np.linspace(90, 100, 50), np.ones(50)) is None
    assert slope(np.arange(1, 50), np.zeros(49)) is None


def test_reference_slopes_are_called_by_their_law():
    assert power_text(-1) == "1/k"
    assert power_text(-2) == "1/k²"
    assert power_text(-1.8) == "slope −1.8"
