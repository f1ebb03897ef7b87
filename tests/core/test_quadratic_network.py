"""The quadratic network beside autograd, its definition neuron by neuron, and quadrature."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from lab.core.quadratic_network import QuadraticNetwork

NETWORK = QuadraticNetwork(scale=1.7, bend=0.6)
SIZE, WIDTH = 7, 12


def _draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _written_out(weights, x):
    """The same network, neuron by neuron."""
    h = x @ weights.T / math.sqrt(SIZE)
    return NETWORK.scale * (h + NETWORK.bend * h**2 / 2).mean(1)


@pytest.fixture
def direction():
    u = _draw(SIZE, seed=5)
    return u / u.norm()


def test_moments_are_all_it_takes():
    weights, x = _draw(WIDTH, SIZE), _draw(30, SIZE, seed=1)
    found = NETWORK.output(NETWORK.moments(weights), x)
    torch.testing.assert_close(found, _written_out(weights, x))


def test_step_is_descent_along_autograds_gradient(direction):
    weights, x = _draw(WIDTH, SIZE).requires_grad_(), _draw(30, SIZE, seed=1)
    y = NETWORK.target(direction, x)
    loss = (y - _written_out(weights, x)).square().mean() / NETWORK.scale**2
    loss.backward()
    after = NETWORK.step(weights.detach(), x, y, 0.3)
    torch.testing.assert_close(after, weights.detach() - 0.3 * WIDTH * weights.grad)


def test_answers_may_count_from_the_start(direction):
    weights, x = _draw(WIDTH, SIZE).requires_grad_(), _draw(30, SIZE, seed=1)
    before = _draw(WIDTH, SIZE, seed=7)
    y = NETWORK.target(direction, x)
    moved = _written_out(weights, x) - _written_out(before, x)
    loss = (y - moved).square().mean() / NETWORK.scale**2
    loss.backward()
    after = NETWORK.step(weights.detach(), x, y, 0.3, NETWORK.moments(before))
    torch.testing.assert_close(after, weights.detach() - 0.3 * WIDTH * weights.grad)
    since = NETWORK.since(NETWORK.moments(weights.detach()), NETWORK.moments(before))
    torch.testing.assert_close(NETWORK.output(since, x), moved.detach())


def test_networks_of_the_same_moments_learn_the_same(direction):
    """A reflection of the neurons that keeps their mean changes every one of them."""
    v = _draw(WIDTH, seed=6)
    v -= v.mean()
    first = _draw(WIDTH, SIZE)
    second = first - 2 / (v @ v) * torch.outer(v, v @ first)
    assert (first - second).norm(dim=1).min() > 0.01
    x = _draw(30, SIZE, seed=1)
    y = NETWORK.target(direction, x)
    for _ in range(20):
        first, second = NETWORK.step(first, x, y, 0.3), NETWORK.step(second, x, y, 0.3)
    for ours, theirs in zip(NETWORK.moments(first), NETWORK.moments(second)):
        torch.testing.assert_close(ours, theirs)


def test_kernel_is_the_product_of_autograds_gradients():
    weights, x, other = _draw(WIDTH, SIZE), _draw(5, SIZE, seed=1), _draw(4, SIZE, seed=2)

    def gradients(inputs):
        return torch.func.jacrev(lambda w: _written_out(w, inputs))(weights).flatten(1)

    theirs = gradients(x) @ gradients(other).T * WIDTH / NETWORK.scale**2
    found = NETWORK.kernel(NETWORK.moments(weights), x, other)
    torch.testing.assert_close(found, theirs)


def test_error_and_alignment_are_exact():
    """Beside Gauss-Hermite quadrature, which is exact: the integrands are of degree 4."""
    nodes, weight = np.polynomial.hermite_e.hermegauss(4)
    x = torch.tensor(list(product(nodes, repeat=3)))
    mass = torch.tensor(list(product(weight / weight.sum(), repeat=3))).prod(1)
    weights, u = _draw(WIDTH, 3) + 0.3, torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    moments = NETWORK.moments(weights)
    y = NETWORK.target(u, x)
    error = mass @ (NETWORK.output(moments, x) - y) ** 2
    torch.testing.assert_close(NETWORK.error(moments, u), error)
    kernel = NETWORK.kernel(moments, x, x)
    size = mass @ kernel**2 @ mass
    aligned = (mass * y) @ kernel @ (mass * y) / (mass @ y**2 * size.sqrt())
    torch.testing.assert_close(NETWORK.alignment(moments, u), aligned)


def test_error_vanishes_for_the_network_that_is_the_target(direction):
    second = SIZE / (NETWORK.scale * NETWORK.bend) * torch.outer(direction, direction)
    right = torch.zeros_like(direction), second
    assert NETWORK.error(right, direction) == pytest.approx(0, abs=1e-25)
    x = _draw(9, SIZE, seed=4)
    torch.testing.assert_close(NETWORK.output(right, x), NETWORK.target(direction, x))


def test_alignment_is_largest_along_the_direction(direction):
    bent = QuadraticNetwork(bend=1e4)
    best = torch.zeros_like(direction), torch.outer(direction, direction)
    assert float(bent.alignment(best, direction)) == pytest.approx(3 / math.sqrt(SIZE + 8))
