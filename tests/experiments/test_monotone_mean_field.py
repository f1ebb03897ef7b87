"""The triangle's places are beliefs, and the couplings have the least eigenvalue asked for."""

from types import SimpleNamespace

import pytest
import torch

from lab import Session
from lab.experiments.fixed_point.monotone_mean_field import CORNERS, beliefs

TRIANGLE = torch.tensor(CORNERS, dtype=torch.float64)


@pytest.mark.parametrize(
    ("place", "expected"),
    [((0.5, 0.75**0.5 / 3), (1 / 3, 1 / 3, 1 / 3)), ((0.25, 0.1), None), ((0.6, 0.3), None)],
)
def test_a_place_in_the_triangle_is_a_belief(place, expected):
    found = beliefs(SimpleNamespace(x=place[0], y=place[1]), TRIANGLE)
    torch.testing.assert_close(found @ TRIANGLE, torch.tensor(place, dtype=torch.float64))
    if expected:
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_a_place_outside_is_brought_in():
    found = beliefs(SimpleNamespace(x=0.0, y=1.0), TRIANGLE)
    assert float(found.min()) > 0
    assert float(found.sum()) == pytest.approx(1.0)


@pytest.mark.parametrize("m", [0.1, 0.5, -0.9])
def test_the_least_eigenvalue_is_m(m):
    # With a step as short as this the bound is (1 - alpha m) / (1 + alpha).
    run = Session("monotone-mean-field", controls={"m": m, "alpha": 0.02, "starts": 2})
    bound = float(run.trace["bound"][0])
    assert bound == pytest.approx((1 - 0.02 * m) / 1.02, rel=1e-12)
