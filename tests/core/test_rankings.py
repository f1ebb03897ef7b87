"""Closed forms: two players, the derivative of a sweep, the maximum's gradient."""

import pytest
import torch

from lab.core.newton import jacobian
from lab.core.rankings import Strengths, curvature, loglikelihood, maximum

PAIR = torch.tensor([[0, 9], [1, 0]], dtype=torch.float64)


def tournament(n=7, seed=0):
    drawn = torch.Generator().manual_seed(seed)
    wins = torch.randint(1, 9, (n, n), generator=drawn, dtype=torch.float64)
    return wins.fill_diagonal_(0)


def sweeps(method, wins, n):
    state = method.init(wins)
    for k in range(n):
        state = method.step(state, wins, k)
    return state["s"]


def test_two_players():
    """Newman's iteration is exact after one sweep; Zermelo's error has the factor 9/10 · 1/10."""
    exact = maximum(PAIR)
    assert float(exact[0] - exact[1]) == pytest.approx(torch.tensor(9.0).log())
    torch.testing.assert_close(sweeps(Strengths(), PAIR, 1), exact)
    zermelo = Strengths(share=1)
    assert float(zermelo.factor(exact, PAIR)) == pytest.approx(0.09)
    errors = [(sweeps(zermelo, PAIR, n) - exact).norm() for n in (5, 6)]
    assert float(errors[1] / errors[0]) == pytest.approx(0.09, rel=1e-4)


def test_two_players_at_once_swap_for_ever():
    method = Strengths(at_once=True)
    first = sweeps(method, PAIR, 1)
    assert not torch.allclose(first, maximum(PAIR))
    torch.testing.assert_close(sweeps(method, PAIR, 2), torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(sweeps(method, PAIR, 31), first)
    assert float(method.factor(maximum(PAIR), PAIR)) == pytest.approx(1)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_factor_is_that_of_the_sweeps_derivative(share, at_once):
    wins = tournament()
    s, method = maximum(wins), Strengths(share, at_once)
    moved = jacobian(
        torch.func.vmap(lambda x: method.step({"s": x}, wins, 0)["s"]), s[None]
    ).squeeze(0)
    values = torch.linalg.eigvals(moved).abs()
    assert float(values.amax()) == pytest.approx(float(method.factor(s, wins)), rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_maximum_is_a_fixed_point_and_stationary(share):
    wins = tournament(seed=3)
    s = maximum(wins)
    torch.testing.assert_close(Strengths(share).step({"s": s}, wins, 0)["s"], s)
    push = torch.func.grad(loglikelihood)(s, wins)
    torch.testing.assert_close(push, torch.zeros_like(push), atol=1e-10, rtol=0)
    torch.testing.assert_close(-torch.func.hessian(loglikelihood)(s, wins), curvature(s, wins))


def test_no_maximum_is_said():
    with pytest.raises(ValueError, match="won all its games"):
        maximum(torch.tensor([[0, 3], [0, 0]], dtype=torch.float64))
