"""Level sets of functions whose level sets are known."""

import math

import pytest
import torch

from lab.core.contours import level_sets

X = torch.linspace(-1, 1, 41, dtype=torch.float64)
Y = torch.linspace(-2, 2, 61, dtype=torch.float64)


def test_of_a_linear_function_it_is_a_line():
    values = 2 * X[:, None] + Y
    found = level_sets(values, X, Y, torch.tensor([0.31], dtype=torch.float64))
    torch.testing.assert_close(
        2 * found[:, 0::2] + found[:, 1::2], torch.full_like(found[:, :2], 0.31)
    )
    length = (found[:, 2:] - found[:, :2]).norm(dim=1).sum()
    assert float(length) == pytest.approx(1.845 * math.sqrt(5), rel=1e-9)  # y <= 2: x >= -0.845


def test_of_a_squared_distance_it_is_a_circle():
    values = X[:, None] ** 2 + Y**2
    found = level_sets(values, X, Y, torch.tensor([0.25, 0.64], dtype=torch.float64))
    radius = found.reshape(-1, 2).norm(dim=1)
    assert float(torch.minimum((radius - 0.5).abs(), (radius - 0.8).abs()).max()) < 2e-3
    length = (found[:, 2:] - found[:, :2]).norm(dim=1).sum()
    assert float(length) == pytest.approx(2 * math.pi * 1.3, rel=5e-3)


def test_a_level_that_is_not_taken_gives_nothing():
    values = torch.ones(len(X), len(Y), dtype=torch.float64)
    assert level_sets(values, X, Y, torch.tensor([2.0], dtype=torch.float64)).shape == (0, 4)
    assert level_sets(values, X, Y, torch.empty(0, dtype=torch.float64)).shape == (0, 4)
