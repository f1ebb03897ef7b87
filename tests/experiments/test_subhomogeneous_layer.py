"""Degrees in closed form, the layer against a plain loop, its rest against scipy's root."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import optimize, special

from lab.experiments.fixed_point.subhomogeneous_layer import DEGREES, layer, log_activation

U = torch.logspace(-4, 2.5, 400, dtype=torch.float64)


def controls(**set_):
    return SimpleNamespace(**{"power": 0.5, "activation": "softplus", **set_})


def problem(n=6, norm=20.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(n, n, dtype=torch.float64, generator=generator)
    weights = weights * norm / torch.linalg.matrix_norm(weights, 2)
    bias = 0.1 + 0.9 * torch.rand(n, dtype=torch.float64, generator=generator)
    return {"weights": weights, "bias": bias}


@pytest.mark.parametrize("name", DEGREES)
def test_the_degree_is_the_largest_slope_of_the_logarithms(name):
    slopes = torch.func.vmap(torch.func.grad(lambda t: log_activation(name, t.exp())))(U.log())
    assert float(slopes.max()) == pytest.approx(DEGREES[name], rel=2e-3)
    assert float(slopes.max()) <= DEGREES[name] * (1 + 1e-12)


def test_of_the_sigmoid_it_is_lamberts_function():
    assert DEGREES["sigmoid"] == pytest.approx(special.lambertw(math.exp(-1)).real, rel=1e-14)


@pytest.mark.parametrize("name", DEGREES)
def test_logarithms_of_tiny_activations(name):
    u = torch.tensor([-800.0, -40.0, -29.0, 0.0, 5.0], dtype=torch.float64)
    expected = np.array([-800.0, -40.0, -29.0, 0.0, 0.0])
    if name == "softplus":
        expected[3:] = np.log(np.logaddexp(0, [0.0, 5.0]))
    else:
        expected[3:] = special.log_expit([0.0, 5.0])
    np.testing.assert_allclose(log_activation(name, u).numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("name", DEGREES)
@pytest.mark.parametrize("power", [0.5, 0.9])
def test_the_rest_is_the_root_that_scipy_finds(name, power):
    c, p = controls(activation=name, power=power), problem()
    x = torch.zeros(6, dtype=torch.float64)
    for _ in range(400):
        x = layer(c, p, x)

    def error(t):
        return layer(c, p, torch.from_numpy(t)).numpy() - t

    found = optimize.root(error, x.numpy() + 0.5, tol=1e-12)
    assert found.success
    np.testing.assert_allclose(found.x, x.numpy(), atol=1e-8)
