"""Methods for games multiply the eigenvalues as they say, and keep their powers and bounds."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.games import (
    AcceleratedOptimistic,
    AnchoredExtragradient,
    Descent,
    Extragradient,
    Optimistic,
    Past,
    ProximalPoint,
    Reflected,
    residual,
    scaled,
)
from lab.core.problems.operators import NormalOperator, bilinear, chain, equilibrium, quadratic
from lab.core.proximal import simplex
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")
LOOKING = (
    Descent(0.3),
    Extragradient(0.3),
    Extragradient(0.1, explore=0.9),
    Past(0.3),
    Past(0.1, explore=0.5),
    Optimistic(0.3),
    Reflected(0.3),
)
ANCHORED = (AnchoredExtragradient(0.9), AcceleratedOptimistic(1 / 3))
NAMES = [f"{type(m).__name__}-{i}" for i, m in enumerate((*LOOKING, *ANCHORED))]


def operator(seed=0, **fields):
    p = NormalOperator(**fields).make(Rng(seed, backend=BACKEND), BACKEND)
    return p, lambda x: NormalOperator.apply(p, x)


def run(method, V, x, steps):
    state, found = method.init(x), [x]
    for k in range(steps):
        state = method.step(state, V, k)
        found.append(state["x"])
    return torch.stack(found), state


@pytest.mark.parametrize("value", [1j, 0.5 + 0.5j, -0.2 + 0.6j, 0.8])
@pytest.mark.parametrize("method", LOOKING, ids=NAMES[:7])
def test_eigenvalues_grow_as_declared(method, value):
    a, b = (torch.tensor(part, dtype=torch.float64) for part in (value.real, complex(value).imag))
    V = lambda x: torch.stack([a * x[0] - b * x[1], b * x[0] + a * x[1]])  # noqa: E731
    xs, _ = run(method, V, torch.tensor([1.0, 0.3], dtype=torch.float64), 400)
    sizes = xs.norm(dim=-1)
    window = (60, 30) if float(sizes[60]) > 1e-12 * float(sizes.max()) else (20, 10)
    found = float(sizes[window[0]] / sizes[window[1]]) ** (1 / (window[0] - window[1]))
    assert found == pytest.approx(method.radius(value), rel=0.02)


@pytest.mark.parametrize("rate", [0.3, 2.0])
def test_the_proximal_point_is_the_resolvent(rate):
    p, V = operator(planes=4, comonotone=-0.3)
    resolve = lambda x, t: NormalOperator.resolvent(p, x, t)  # noqa: E731
    z = resolve(p["start"], rate)
    torch.testing.assert_close(z + rate * V(z), p["start"])
    one, V = operator(planes=1, comonotone=-0.3)
    method = ProximalPoint(rate)
    ahead = method.step(
        method.init(one["start"]), lambda x, t: NormalOperator.resolvent(one, x, t), 0
    )
    value = complex(one["real"][0], one["imaginary"][0])
    assert float(ahead["x"].norm()) == pytest.approx(method.radius(value))


@pytest.mark.parametrize("comonotone", [-0.4, 0.0, 0.5])
def test_the_operator_has_the_constants_that_it_was_asked_for(comonotone):
    p, V = operator(planes=6, largest=1.5, comonotone=comonotone)
    rng = Rng(3, backend=BACKEND)
    for i in range(20):
        d = rng.normal("difference", (12,), index=i)
        moved = V(d)
        assert moved.norm() <= 1.5 * d.norm() * (1 + 1e-12)
        torch.testing.assert_close(moved @ d, comonotone * moved @ moved, rtol=1e-9, atol=1e-12)


def test_powers_on_the_bilinear_family():
    """Means over 8 draws of the slope of log |V z| on log k, k from 100 to 3,000."""
    window = [round(100 * 30 ** (i / 20)) for i in range(21)]
    ks = torch.tensor(window, dtype=torch.float64).log()
    ks = ks - ks.mean()
    for method in (Extragradient(1 / 3), Past(1 / 3), AcceleratedOptimistic(1 / 3)):
        slopes = []
        for seed in range(8):
            p, V = operator(seed, planes=40)
            xs, _ = run(method, V, p["start"], 3_000)
            sizes = torch.stack([V(xs[k]).norm() for k in window]).log()
            slopes.append(float(ks @ sizes / (ks @ ks)))
        # The logarithm of a sum over planes flattens the anchored one.
        assert sum(slopes) / 8 == pytest.approx(-method.power, abs=0.13)


@pytest.mark.parametrize("comonotone", [-0.3, 0.0, 0.2])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_of_the_anchored_extragradient(comonotone, seed):
    p, V = operator(seed, planes=20, comonotone=comonotone)
    method = AnchoredExtragradient(1.0, comonotone)
    xs, _ = run(method, V, p["start"], 300)
    for k in range(1, 301):
        assert float(V(xs[k]).square().sum()) <= method.bound(k) * (1 + 1e-9)


def test_descent_ascent_runs_off_where_the_others_turn_inwards():
    _, V = operator(planes=1)
    x = torch.tensor([1.0, 0.0], dtype=torch.float64)
    assert float(run(Descent(0.3), V, x, 60)[0][-1].norm()) > 10
    for method in (*LOOKING[1:], *ANCHORED):
        assert float(run(method, V, x, 60)[0][-1].norm()) < 0.5


def test_time_scales_on_a_degenerate_local_minimax():
    """f = -3/2 a^2 + 2 a c - c^2 / 2 + b d: descent-ascent never arrives, extragradient does."""
    one = torch.ones(1, 1, dtype=torch.float64)
    zero = torch.zeros(1, 1, dtype=torch.float64)
    A = torch.block_diag(-3 * one, zero)
    M = quadratic(A, torch.block_diag(2 * one, one), torch.block_diag(one, zero))
    eye = torch.eye(4, dtype=torch.float64)
    for tau, arrives in ((1.0, False), (2.0, False), (4.0, True), (10.0, True)):
        scale = torch.tensor([1 / tau, 1 / tau, 1.0, 1.0], dtype=torch.float64)

        def radius(method, scale=scale):
            V = scaled(lambda x: x @ M.mT, scale)
            state = method.step(method.init(eye), V, 0)
            return float(torch.linalg.eigvals(state["x"]).abs().max())

        assert radius(Descent(0.3)) > 1
        assert (radius(Extragradient(0.3)) < 1) == arrives


@pytest.mark.parametrize("method", [*LOOKING[1:], ANCHORED[1]], ids=[*NAMES[1:7], NAMES[8]])
def test_matrix_games_end_in_the_equilibrium(method):
    payoff = torch.tensor([[0.0, 1, -1], [-1, 0, 2], [1, -2, 0]], dtype=torch.float64)
    x, y, value = equilibrium(payoff)
    assert value == pytest.approx(0, abs=1e-9)  # rock, paper, scissors, one of them for double
    torch.testing.assert_close(x, torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64))
    torch.testing.assert_close(x, y)

    def project(z):
        return torch.cat([simplex(part) for part in z.split((3, 3), -1)], -1)

    V = bilinear(payoff.mT)
    fields = {**vars(method), "project": project, "rate": method.rate / 3}
    if "explore" in fields and fields["explore"]:
        fields["explore"] = fields["explore"] / 3
    start = torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=torch.float64)
    xs, _ = run(type(method)(**fields), V, start, 3_000)
    assert float(residual(V, xs[-1], project)) < 5e-3
    assert float(residual(V, torch.cat([x, y]), project)) < 1e-9
    tolerance = 0.02 if isinstance(method, AcceleratedOptimistic) else 1e-3
    assert float((xs[-1] - torch.cat([x, y])).abs().max()) < tolerance


@pytest.mark.parametrize("n", [2, 7, 30])
def test_singular_values_of_the_chain(n):
    found = torch.linalg.svdvals(chain(n, BACKEND))
    j = torch.arange(1, n + 1, dtype=torch.float64)
    torch.testing.assert_close(found, 2 * torch.cos(math.pi * j / (2 * n + 1)))


@pytest.mark.parametrize("method", [*LOOKING, *ANCHORED], ids=NAMES)
def test_rows_are_runs_of_their_own_and_calls_are_counted(method):
    calls = []
    p, _ = operator(planes=3, comonotone=0.1)

    def V(x):
        calls.append(1)
        return NormalOperator.apply(p, x)

    start = torch.stack([p["start"], -2 * p["start"].flip(0)])
    together, state = run(method, V, start, 7)
    assert state["evaluations"].tolist() == [len(calls)] * 2
    for i in range(2):
        torch.testing.assert_close(run(method, V, start[i], 7)[0], together[:, i])
    mapped = torch.func.vmap(lambda x: run(method, V, x, 7)[0], out_dims=1)(start)
    torch.testing.assert_close(mapped, together)
    kept = {name: value.clone() for name, value in state.items()}
    method.step(state, V, 7)
    assert all(torch.equal(state[name], kept[name]) for name in kept)
