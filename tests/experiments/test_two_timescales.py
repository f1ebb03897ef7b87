"""The operator is the gradient of the function that is told, the law its eigenvalues' growth."""

import math

import pytest
import torch

from lab.core.newton import jacobian
from lab.experiments.games.two_timescales import METHODS, MINIMAX, SLOPES, push


def value(z):
    a, b, c, d = z
    return a**4 / 4 - 5 * a**2 / 2 + 2 * a * c - c**2 / 2 + b * d


def test_the_operator_is_the_gradient():
    z = torch.tensor([0.7, -1.2, 0.4, 2.0], dtype=torch.float64)
    signs = torch.tensor([1.0, 1, -1, -1], dtype=torch.float64)
    torch.testing.assert_close(push(z), signs * torch.func.grad(value)(z))


def test_slopes_at_the_minimax_points():
    for a, c in MINIMAX:
        z = torch.tensor([a, 0, c, 0], dtype=torch.float64)
        assert torch.equal(push(z), torch.zeros_like(z))
        torch.testing.assert_close(jacobian(push, z), torch.tensor(SLOPES, dtype=torch.float64))


@pytest.mark.parametrize(
    ("tau", "settles"), [(1.0, False), (1.5, False), (3.0, True), (20.0, True)]
)
def test_the_first_pair_settles_from_a_border_on(tau, settles):
    scale = torch.tensor([1 / tau, 1.0], dtype=torch.float64)[:, None]
    slopes = torch.tensor([[-2.0, 2], [-2, 1]], dtype=torch.float64)
    values = torch.linalg.eigvals(scale * slopes)
    growth = max(METHODS["extragradient"](0.2).radius(complex(v)) for v in values)
    assert (growth < 1) == settles


@pytest.mark.parametrize("tau", [1.0, 5.0, 25.0])
def test_the_second_pair_turns_by_its_eigenvalue(tau):
    value = 1j / math.sqrt(tau)
    square = 0.2**2 / tau
    assert METHODS["descent"](0.2).radius(value) == pytest.approx(math.sqrt(1 + square))
    expected = math.sqrt((1 - square) ** 2 + square)
    assert METHODS["extragradient"](0.2).radius(value) == pytest.approx(expected)
