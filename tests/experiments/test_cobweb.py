"""The legs of the web are what they are said to be; fixed points and constants in closed form."""

import math

import numpy as np
import pytest

from lab.engine.session import Session


def web(n, **controls):
    run = Session("cobweb", controls=controls)
    run.advance(n)
    return run, np.array([run.trace["place"][k] for k in range(n + 1)])


def test_picard_goes_to_the_curve_and_back_to_the_diagonal():
    _, places = web(6, a=1.2, x=0.4)
    x, y = places.T
    np.testing.assert_array_equal(x[::2], y[::2])
    np.testing.assert_allclose(y[1::2], 1.2 * np.cos(x[1::2]))
    np.testing.assert_array_equal(x[1::2], x[:-1:2])  # up or down
    np.testing.assert_array_equal(y[1::2], y[2::2])  # across


@pytest.mark.parametrize("weight", [0.25, 0.5, 0.8])
def test_averaging_tilts_the_way_back(weight):
    _, places = web(2, a=1.2, x=0.4, method="averaged", weight=weight)
    across, up = places[2] - places[1]
    assert up / across == pytest.approx(-(1 - weight) / weight)


def test_steffensen_follows_the_secant_to_the_diagonal():
    run, places = web(4, a=1.2, x=0.4, method="Steffensen")
    first, last = places[1], places[3]  # both on the curve
    secant, way = last - first, places[4] - last
    assert secant[0] * way[1] == pytest.approx(secant[1] * way[0])
    assert places[4, 0] == pytest.approx(places[4, 1])
    assert run.trace["evaluations"][-1] == 2


@pytest.mark.parametrize(
    ("name", "a", "point", "slope", "half"),
    [("logistic", 3.2, 1 - 1 / 3.2, -1.2, 3.2), ("square root", 3.0, math.sqrt(3), 0, 12**-0.5)],
)
def test_fixed_points(name, a, point, slope, half):
    known = Session("cobweb", controls={"map": name, "a": a, "x": 0.9}).given.local
    assert float(known["point"]) == pytest.approx(point)
    assert float(known["slope"]) == pytest.approx(slope, abs=1e-12)
    assert float(known["half"]) == pytest.approx(half)
