"""The borders on the map are those of the eigenvalues of the methods' own matrices."""

import math

import numpy as np
import pytest

from lab.core.games import Extragradient, Past, ProximalPoint
from lab.experiments.games.negative_comonotonicity import NegativeComonotonicity, enough


def radius(method, rho, smallest=0.3):
    """The largest growth over eigenvalues r e^(i t) with cos t = -rho r."""
    return max(
        method.radius(complex(-rho * r * r, r * math.sqrt(1 - rho * rho * r * r)))
        for r in np.geomspace(smallest, 1, 9)
    )


@pytest.mark.parametrize("rho", [0.1, 0.3, 0.49, 0.55, 0.65, 0.9])
def test_borders(rho):
    for factor in (0.98, 1.02):
        assert (radius(ProximalPoint(2 * rho * factor), rho) < 1) == (factor > 1)
        room = 1 - 2 * rho**2
        if room > 0:
            method = Extragradient(1e-5, explore=factor * rho / room)
            assert (radius(method, rho) < 1) == (factor > 1)
            assert enough(method.explore, rho) == (factor > 1)
        for edge, side in ((rho, 1), (1.0, -1)):
            found = radius(Past(1e-5, explore=edge * factor), rho) < 1
            assert found == (side * (factor - 1) > 0 and rho < edge * factor < 1)


@pytest.mark.parametrize("explore", [0.5, 2.0, 4.0])
def test_beyond_one_over_root_two_no_look_ahead_is_enough(explore):
    assert not enough(explore, 0.71)
    assert radius(Extragradient(1e-5, explore=explore), 0.71) > 1


@pytest.mark.parametrize("Method", [Extragradient, Past])
def test_other_fields_forbid_a_look_beyond_one(Method):
    """V = z, without any turning: what a longer look wins on the circle it loses here."""
    assert Method(1e-3, explore=0.9).radius(1.0) < 1
    assert Method(1e-3, explore=1.1).radius(1.0) > 1


@pytest.mark.parametrize("method", ["proximal point", "extragradient", "optimistic", "descent"])
def test_the_border_is_drawn_inside_the_map(method):
    lines = NegativeComonotonicity.borders(method)
    assert lines.shape[1] == 4
    assert np.isfinite(lines).all()
    assert (lines >= 0).all()
    assert (lines[:, 1::2] <= 4).all()
