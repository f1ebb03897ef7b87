"""Sweeps end in the sequential answer when they must, and at the rates that are known."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.boundary_value import Grid
from lab.core.random import Rng
from lab.core.sweeps import Settle, Sweep, best_relaxation

RNG = Rng(0, backend=Backend(dtype="float64"))
N = 12
WEIGHTS = torch.tril(RNG.normal("weights", (N, N)), -1)
SHIFT = RNG.normal("shift", (N,))


def triangular(x, start, stop):
    """x_i = tanh(sum over j < i of w_ij x_j + b_i)."""
    return torch.tanh(x @ WEIGHTS[start:stop].mT + SHIFT[start:stop])


def answer():
    x = torch.zeros(N, dtype=torch.float64)
    for i in range(N):
        x[i] = triangular(x, i, i + 1)[0]
    return x


def run(method, f, x, steps):
    state = method.init(x)
    for k in range(steps):
        state = method.step(state, f, k)
    return state


@pytest.mark.parametrize("block", [0, 1, 3, 5, 12])
def test_triangular_systems_end_after_finitely_many_sweeps(block):
    method = Sweep(block)
    state = run(method, triangular, torch.ones(N, dtype=torch.float64), method.finite(N))
    torch.testing.assert_close(state["x"], answer(), rtol=1e-12, atol=1e-12)
    size = block or N
    assert state["rounds"] == method.finite(N) * math.ceil(N / size)
    assert state["components"] == method.finite(N) * N


def test_jacobi_makes_one_more_component_exact_in_each_sweep():
    for k in range(1, N):
        x = run(Sweep(), triangular, torch.ones(N, dtype=torch.float64), k)["x"]
        exact = (x - answer()).abs() < 1e-12
        assert bool(exact[:k].all())
        assert not bool(exact[k:].any())


def chained(x, start, stop):
    """Tokens 0 .. 7, each its predecessor's and its own number added up."""
    before = torch.cat([torch.zeros(1, dtype=torch.int64), x[:-1]])[start:stop]
    return (before + torch.arange(start, stop)) % 8


def apart(x, start, stop):
    return (3 * torch.arange(start, stop)) % 8


@pytest.mark.parametrize("block", [1, 3, 5, N])
def test_blocks_settle_in_the_sequential_answer(block):
    method, start = Settle(block), torch.full((N,), 7)
    for f, value in ((chained, torch.arange(N).cumsum(0) % 8), (apart, 3 * torch.arange(N) % 8)):
        state = method.init(start)
        while state["front"] < N:
            state = method.step(state, f, 0)
        assert torch.equal(state["x"], value)
        assert state["rounds"] <= method.finite(N)
        if f is apart:  # one round settles a block, one more says so
            assert state["rounds"] <= math.ceil(N / block) * min(2, block)
    assert method.step(state, f, 0) is state


@pytest.mark.parametrize(("block", "power"), [(0, 1), (1, 2)])
def test_the_rates_on_the_laplacian(block, power):
    """Jacobi's spectral radius is cos(pi h), that of Gauss and Seidel its square."""
    grid = Grid(12, 1)

    def f(x, start, stop):
        return (x + (0 - grid.minus_laplacian(x)) / 2)[..., start:stop]

    state = Sweep(block).init(RNG.normal("laplace", (12,)))
    sizes = []
    for k in range(121):
        state = Sweep(block).step(state, f, k)
        sizes.append(float(state["x"].norm()))
    assert (sizes[120] / sizes[100]) ** (1 / 20) == pytest.approx(grid.jacobi**power, rel=1e-3)


def test_youngs_relaxation_has_its_rate_and_is_the_best():
    grid = Grid(12, 1)

    def f(x, start, stop):
        return (x - grid.minus_laplacian(x) / 2)[..., start:stop]

    def radius(relaxation):
        columns = [Sweep(1, relaxation).step(Sweep().init(e), f, 0)["x"] for e in torch.eye(12)]
        return float(torch.linalg.eigvals(torch.stack(columns, 1)).abs().max())

    relaxation, rate = best_relaxation(grid.jacobi)
    assert radius(relaxation) == pytest.approx(rate, abs=0.02)  # a double root is ill-conditioned
    assert radius(relaxation) < min(radius(relaxation - 0.1), radius(relaxation + 0.1))


def test_components_may_lie_along_any_axis():
    x = RNG.normal("x", (N, 2))
    one = Sweep(3, 0.5, axis=0).step(Sweep().init(x), lambda x, a, b: triangular(x.mT, a, b).mT, 0)[
        "x"
    ]
    other = Sweep(3, 0.5).step(Sweep().init(x.mT), triangular, 0)["x"]
    torch.testing.assert_close(one.mT, other)
    mapped = torch.func.vmap(lambda x: Sweep(3, 0.5).step(Sweep().init(x), triangular, 0)["x"])
    torch.testing.assert_close(mapped(x.mT), other)
