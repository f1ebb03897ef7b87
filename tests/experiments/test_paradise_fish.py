"""The answer against Chebyshev collocation, closed cases, and the bound on slopes."""

import numpy as np
import pytest
import torch
from numpy.polynomial import chebyshev

from lab.engine.session import Session
from lab.experiments.fixed_point.paradise_fish import NODES, expected, fitted, steepest


def collocated(alpha, beta, degree=24):
    """f at the nodes as a polynomial that solves the equation at Chebyshev points."""

    def basis(x):
        return chebyshev.chebvander(2 * x - 1, degree)

    x = (1 + np.cos(np.pi * np.arange(1, degree) / degree)) / 2
    inside = basis(x) - x[:, None] * basis(alpha * x + 1 - alpha)
    inside -= (1 - x)[:, None] * basis(beta * x)
    system = np.concatenate([inside, basis(np.array([0.0, 1.0]))])
    ends = np.concatenate([np.zeros(degree - 1), [0, 1]])
    return basis(NODES.numpy()) @ np.linalg.solve(system, ends)


@pytest.mark.parametrize(
    ("alpha", "beta", "close"), [(0.1, 0.2, 1e-5), (0.45, 0.5, 1e-5), (0.6, 0.8, 5e-4)]
)
def test_the_answer_is_that_of_collocation(alpha, beta, close):
    """Up to what 256 straight pieces miss, which long memories magnify."""
    run = Session("paradise-fish", controls={"alpha": alpha, "beta": beta})
    np.testing.assert_allclose(run.given.answer["f"].numpy(), collocated(alpha, beta), atol=close)


def test_equal_lessons_keep_the_mean():
    """With alpha = beta the preference is a martingale, so that f(x) = x."""
    torch.testing.assert_close(expected(NODES, 0.7, 0.7), NODES)
    torch.testing.assert_close(fitted(0.7, 0.7, 2), NODES, atol=1e-9, rtol=0)


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0.2), (0.45, 0.5), (0.8, 0.9)])
def test_slopes_shrink_by_the_sum_of_the_memories(alpha, beta):
    """Where both ends are zero; also beyond 1, where the bound says little."""
    drawn = torch.Generator().manual_seed(0)
    for _ in range(20):
        g = torch.randn(len(NODES), generator=drawn, dtype=torch.float64).cumsum(0)
        g = g - g[0] - NODES * (g[-1] - g[0])
        assert steepest(expected(g, alpha, beta)) <= (alpha + beta) * steepest(g) * (1 + 1e-12)
