"""Primal-dual methods and multipliers reach saddle points that linear algebra knows."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.multipliers import DualAscent
from lab.core.primal_dual import ChambollePock, LinearisedPrimalDual, Saddle
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")


def family(seed, L=100.0, n=120, m=10, lowest=1e-9):
    """f = sum of l_i x_i^2 / 2, l log-spaced from L down; |K| = 1, g = |y|^2 / 2; the start."""
    rng = Rng(seed, backend=BACKEND)
    values = BACKEND.logspace(L, L * lowest, n) * torch.exp(0.1 * rng.normal("values", (n,)))
    K = rng.normal("K", (m, n))
    K = K / torch.linalg.matrix_norm(K, 2)
    start = rng.normal("start", (n,))
    return values.clamp(max=L), K, start / start.norm()


def primal(values, K, x):
    """max over y: f(x) + |K x|^2 / 2; its least value is 0."""
    return (values * x.square()).sum() / 2 + (K @ x).square().sum() / 2


def smooth(values, K):
    return Saddle(
        prox_f=lambda v, t: v,
        prox_g=lambda v, t: v / (1 + t),
        K=lambda x: K @ x,
        back=lambda y: K.mT @ y,
        gradient=lambda x: values * x,
    )


def slope(ys, ks):
    x = torch.tensor([math.log(k) for k in ks], dtype=torch.float64)
    y = torch.stack([torch.as_tensor(y, dtype=torch.float64) for y in ys]).log()
    return float((x - x.mean()) @ y / (x - x.mean()).square().sum())


@pytest.mark.parametrize("accelerated", [True, False])
def test_the_declared_powers_of_the_gap(accelerated):
    window = [round(30 * (1_000 / 30) ** (i / 15)) for i in range(16)]
    slopes = []
    for seed in range(4):
        values, K, start = family(seed)
        method = LinearisedPrimalDual(100.0, 1.0, accelerated=accelerated)
        state, gaps = method.init(start, K.new_zeros(len(K))), []
        for k in range(1_000):
            state = method.step(state, smooth(values, K), k)
            if k + 1 in window:
                gaps.append(primal(values, K, state["mean_x"]))
        slopes.append(slope(gaps, window))
    assert sum(slopes) / 4 == pytest.approx(-method.power, abs=0.3)


def test_chambolle_and_pock_find_the_saddle_point():
    """min |x - a|^2 / 2, max of <K x, y> - |y|^2 / 2: x = (I + K'K)^-1 a, y = K x."""
    rng = Rng(0, backend=BACKEND)
    K, a = rng.normal("K", (4, 6)), rng.normal("a", (6,))
    problem = Saddle(
        prox_f=lambda v, t: (v + t * a) / (1 + t),
        prox_g=lambda v, t: v / (1 + t),
        K=lambda x: K @ x,
        back=lambda y: K.mT @ y,
    )
    exact = torch.linalg.solve(torch.eye(6, dtype=torch.float64) + K.mT @ K, a)
    step = 0.99 / float(torch.linalg.matrix_norm(K, 2))
    state = (method := ChambollePock(step, step)).init(torch.zeros_like(a), K.new_zeros(4))
    for k in range(400):
        state = method.step(state, problem, k)
    torch.testing.assert_close(state["x"], exact, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(state["y"], K @ exact, rtol=1e-8, atol=1e-8)
    assert int(state["products"]) == 800


def test_steps_that_use_convexity_are_faster():
    """f = |x|^2 / 2 against a slow linear y: |x|^2 falls like k^-2 when convexity is used."""
    values = BACKEND.logspace(1.0, 1e-6, 60)
    problem = Saddle(
        prox_f=lambda v, t: v / (1 + t),
        prox_g=lambda v, t: v,
        K=lambda x: values * x,
        back=lambda y: values * y,
    )
    ends = {}
    for convexity in (0.0, 1.0):
        method = ChambollePock(1.0, 1.0, convexity)
        state = method.init(BACKEND.zeros(60), BACKEND.ones(60))
        errors = []
        for k in range(1_000):
            state = method.step(state, problem, k)
            if k + 1 in (100, 1_000):
                errors.append(float(state["x"].square().sum()))
        ends[convexity] = errors
        if method.power:
            assert math.log10(errors[0] / errors[1]) > method.power - 0.3
    assert ends[1.0][1] < ends[0.0][1]


def test_a_gradient_is_asked_for():
    problem = Saddle(lambda v, t: v, lambda v, t: v, lambda x: x, lambda y: y)
    method = LinearisedPrimalDual(1.0, 1.0)
    with pytest.raises(ValueError, match="gradient"):
        method.step(method.init(torch.zeros(2), torch.zeros(2)), problem, 0)


def test_dual_ascent_finds_the_price():
    """min |x - a|^2 / 2 with x_1 <= 0: the price of the constraint is a_1."""
    a = torch.tensor([[1.0, 2.0], [-1.0, 2.0]], dtype=torch.float64)
    method = DualAscent(0.3)
    state = method.init(torch.zeros(2, 1, dtype=torch.float64))
    for k in range(100):
        state = method.step(state, lambda m: a[:, :1] - m, k)
    torch.testing.assert_close(state["multiplier"][:, 0], a[:, 0].clamp(min=0))
    assert state["evaluations"].tolist() == [100, 100]
    assert method.gap(2.0) == pytest.approx(0.6)


def test_optimism_damps_what_descent_alone_turns_for_ever():
    """Both sides step at once on (x - 1) m: alone they spiral out, with optimism in."""
    ends = {}
    for optimistic in (False, True):
        method = DualAscent(0.2, optimistic)
        x = last = torch.tensor([2.0], dtype=torch.float64)
        state = method.init(torch.tensor([3.0], dtype=torch.float64))
        seen = None
        for k in range(400):
            now = state["multiplier"] - 2.0
            pull = 2 * now - seen if optimistic and seen is not None else now
            ahead = method.step(state, lambda m, x=x: x - 1, k)
            x, last, seen, state = x - 0.2 * pull, x, now, ahead
        ends[optimistic] = float((last - 1).abs() + (state["multiplier"] - 2).abs())
    assert ends[True] < 1e-3
    assert ends[False] > 0.5
