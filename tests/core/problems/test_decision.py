"""Occupancies, values and linear programmes of decision processes agree."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.fixed_point import Picard
from lab.core.problems.decision import Decisions, action_values, bellman, best, occupancy
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")


def process(seed=0):
    return Decisions().make(Rng(seed, backend=BACKEND), BACKEND)


@pytest.mark.parametrize("seed", range(3))
def test_value_iteration_and_the_linear_programme_find_the_same_policy(seed):
    p = process(seed)
    value = solve(Picard(), lambda v: bellman(p, v), BACKEND.zeros(4), 1e-12, 500)["x"]
    found = best(p)
    reward = (1 - 0.9) * (p["first"] @ value)
    assert float(reward) == pytest.approx(found.reward)
    greedy = (p["reward"] + 0.9 * p["moves"] @ value).argmax(1)
    assert torch.equal(greedy, found.policy.argmax(1))


def test_bellmans_map_contracts_by_the_discount_in_the_sup_norm():
    p, rng = process(), Rng(1, backend=BACKEND)
    u, v = rng.normal("u", (50, 4)), rng.normal("v", (50, 4))
    moved = (bellman(p, u) - bellman(p, v)).abs().amax(-1)
    assert bool((moved <= 0.9 * (u - v).abs().amax(-1) + 1e-12).all())


def test_occupancies_are_distributions_that_give_the_reward():
    p = process()
    policy = torch.softmax(Rng(2, backend=BACKEND).normal("policy", (4, 3)), -1)
    d = occupancy(p, policy)
    assert float(d.sum()) == pytest.approx(1)
    torch.testing.assert_close(d / d.sum(1, keepdim=True), policy)
    values = action_values(p, policy, p["reward"])
    expected = (p["first"][:, None] * policy * values).sum()
    torch.testing.assert_close((d * p["reward"]).sum(), expected)


@pytest.mark.parametrize("seed", range(4))
def test_a_budget_has_a_price(seed):
    p = process(seed)
    free = best(p)
    cost = float((free.occupancy * p["cost"]).sum())
    cheapest = best({**p, "reward": -p["cost"]})
    budget = (cost - cheapest.reward) / 2
    tight = best(p, budget)
    d = occupancy(p, tight.policy)
    torch.testing.assert_close(d, tight.occupancy, rtol=1e-7, atol=1e-9)
    assert float((d * p["cost"]).sum()) == pytest.approx(budget)
    looser = best(p, budget + 1e-4)
    assert (looser.reward - tight.reward) / 1e-4 == pytest.approx(tight.price, rel=0.02)
    with pytest.raises(ValueError, match="no policy"):
        best(p, -cheapest.reward - 0.01)
