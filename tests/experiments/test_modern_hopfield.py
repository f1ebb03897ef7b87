"""The update is a gradient step of the energy, the separations are those of the definition."""

import math
from types import SimpleNamespace

import pytest
import torch

from lab.engine import steps
from lab.engine.session import Session
from lab.engine.sweep import sweep
from lab.experiments.fixed_point.modern_hopfield import (
    ModernHopfield,
    ends,
    energy,
    gaps,
    update,
)


def memory(n, d, seed=0):
    generator = torch.Generator().manual_seed(seed)
    patterns = torch.randn(n, d, dtype=torch.float64, generator=generator)
    return patterns / patterns.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("beta", [0.3, 3.0, 30.0])
def test_an_update_is_a_gradient_step_of_length_one(beta):
    patterns = memory(7, 4)
    x = memory(5, 4, seed=1)
    slope = torch.func.vmap(torch.func.grad(lambda v: energy(patterns, v, beta)))(x)
    torch.testing.assert_close(update("softmax", patterns, x, beta)[0], x - slope)


@pytest.mark.parametrize("beta", [0.3, 3.0, 30.0])
def test_the_energy_lies_between_zero_and_two(beta):
    patterns = memory(9, 3)
    inside = 0.9 * memory(50, 3, seed=2)
    found = energy(patterns, inside, beta)
    assert float(found.min()) >= 0
    assert float(found.max()) <= 2


def test_two_patterns_rest_where_a_hyperbolic_tangent_does():
    # Of +e and -e, at x = t e: t = tanh(beta t); a point besides 0 from beta = 1 on.
    patterns = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    x = torch.tensor([0.3, 0.0], dtype=torch.float64)
    after = update("softmax", patterns, x, 2.0)[0]
    assert float(after[0]) == pytest.approx(math.tanh(0.6))
    for _ in range(200):
        x = update("softmax", patterns, x, 0.9)[0]
    assert float(x.norm()) < 1e-6


def test_separations():
    patterns = torch.tensor([[1.0, 0], [0, 1], [0.6, 0.8]], dtype=torch.float64)
    expected = torch.tensor([0.4, 0.2, 0.2], dtype=torch.float64)
    torch.testing.assert_close(gaps(patterns), expected)


def test_the_classical_network_keeps_orthogonal_corners():
    signs = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1]], dtype=torch.float64) / 2
    torch.testing.assert_close(update("hebb", signs, signs, 1.0)[0], signs)
    flipped = signs[0] * torch.tensor([1.0, 1, 1, -1], dtype=torch.float64)
    weights = signs.mT @ signs
    weights.fill_diagonal_(0)
    field = weights @ flipped
    expected = torch.where(field >= 0, 0.5, -0.5).to(torch.float64)
    torch.testing.assert_close(update("hebb", signs, flipped, 1.0)[0], expected)


def test_a_sweep_over_the_start_is_the_map_of_basins():
    patterns = Session(ModernHopfield).given.memory["patterns"]
    found = sweep(ModernHopfield, "x", "y", points=4, stop=steps(60)).run().memory.isel(seed=0)
    softmax = SimpleNamespace(method="softmax", beta=8.0)
    for x in found.x.values:
        for y in found.y.values:
            start = torch.tensor([[x, y]], dtype=torch.float64)
            assert float(found.sel(x=x, y=y)) == float(ends(softmax, patterns, start))
    assert len(set(found.values.ravel().tolist())) > 3
