"""An optimum is found that nobody told of; samples, ranks and bounds are as said."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.evolution_strategy import DiagonalStrategy, population_losses
from lab.core.mlp import Mlp
from lab.core.random import Rng

CURVATURE = torch.tensor([100.0, 10.0, 1.0, 1.0])
OPTIMUM = torch.tensor([1.0, -2.0, 0.5, 0.0])


def evolve(strategy, generations=300, alive=None, pairs=24):
    state, rng = strategy.init(torch.zeros(4)), Rng(1, backend=Backend("cpu", "float32"))
    for k in range(generations):
        noise = rng.at(k).normal("noise", (pairs, 4))
        gap = strategy.samples(state, noise, alive) - OPTIMUM
        state = strategy.step(state, noise, gap.square() @ CURVATURE, k, alive)
    return state


def test_a_quadratic_is_solved_and_spreads_order_like_its_curvature():
    state = evolve(DiagonalStrategy(rate=0.03))
    assert (state["mean"] - OPTIMUM)[:2].abs().max() < 0.1
    early = evolve(DiagonalStrategy(rate=0.03), generations=40)["log_spread"]
    assert early[0] < early[1:].min() and early[1] < early[2:].max()


def test_only_ranks_count():
    strategy = DiagonalStrategy()
    state = strategy.init(torch.zeros(3))
    noise = torch.tensor([[1.0, 0.5, -1.0], [0.2, -1.0, 2.0]])
    losses = torch.tensor([1.0, 2.0, 3.0, 4.0])
    once = strategy.step(state, noise, losses, 0)
    again = strategy.step(state, noise, losses**3, 0)
    torch.testing.assert_close(once["mean"], again["mean"])


def test_samples_are_mirrored_and_dead_numbers_stay_as_they_are():
    strategy = DiagonalStrategy(spread=0.5)
    state = strategy.init(torch.tensor([1.0, 0.0]))
    alive = torch.tensor([True, False])
    tried = strategy.samples(state, torch.tensor([[2.0, 2.0]]), alive)
    torch.testing.assert_close(tried, torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    after = strategy.step(state, torch.tensor([[2.0, 2.0]]), torch.tensor([1.0, 0.0]), 0, alive)
    assert after["mean"][1] == 0 and after["mean"][0] < 1
    assert after["log_spread"][1] == state["log_spread"][1]


def test_spreads_stay_between_their_bounds():
    state = evolve(DiagonalStrategy(spread_rate=20.0, least=0.05, most=0.2))
    spread = state["log_spread"].exp()
    assert spread.min() >= 0.0499 and spread.max() <= 0.2001


@pytest.mark.parametrize("widths", [(3, 2), (5, 7, 3), (4, 6, 6, 2)], ids=str)
def test_many_networks_lose_what_each_one_loses(widths):
    net, rng = Mlp(widths), Rng(2, backend=Backend("cpu", "float32"))
    tried = rng.normal("tried", (6, net.size))
    x, y = rng.normal("x", (9, widths[0])), rng.integers("y", 0, widths[-1], (9,))
    wanted = torch.stack([net.loss(w, x, y) for w in tried])
    torch.testing.assert_close(population_losses(net, tried, x, y), wanted)
